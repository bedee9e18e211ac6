// SPDX-License-Identifier: Apache-2.0
//
// What the control socket asks of the system beside sockets: the state of files, a private folder, a lock on it, and
// threads that can be joined. Foundation is not used for these: its threads cannot be joined and do not say when they
// cannot be started, and its folders are created with wider rights at first.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A failed system call.
struct SystemError: Error, CustomStringConvertible {
  let call: String
  let code: Int32

  /// Describes the failure of the last system call of this thread, or one with the given number.
  init(_ call: String, _ code: Int32 = errno) {
    self.call = call
    self.code = code
  }

  /// Whether the call should only be repeated, at once or when the descriptor is ready.
  var isTransient: Bool { code == EAGAIN || code == EWOULDBLOCK || code == EINTR }
  /// Whether a socket's file is there and no program listens on it.
  var isRefused: Bool { code == ECONNREFUSED }
  /// Whether a file is missing.
  var isMissing: Bool { code == ENOENT }
  /// Whether a right is missing.
  var isForbidden: Bool { code == EACCES || code == EPERM }
  /// Whether the name is in use.
  var isTaken: Bool { code == EADDRINUSE }

  // Sound: the system's text is copied at once.
  var description: String { unsafe String(cString: strerror(code)) }
}

/// What a file is, without following a symbolic link.
struct FileStatus: Equatable, Sendable {
  enum Kind: Equatable { case folder, socket, link, other }

  let kind: Kind
  let owner: UInt32
  /// The rights of owner, group and others, as in `chmod`.
  let rights: UInt32
  private let device, inode: UInt64

  // Sound: the system writes one structure of the size that it knows.
  /// Looks at a file; fails if it is missing or its folder is closed to this program.
  init(of path: String) throws(SystemError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { throw SystemError("lstat") }
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFDIR: .folder
      case S_IFSOCK: .socket
      case S_IFLNK: .link
      default: .other
      }
    owner = status.st_uid
    rights = UInt32(status.st_mode & 0o777)
    (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
  }

  /// Whether both are the same file, with any rights.
  func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}

/// Calls about files and programs.
enum SystemCalls {
  /// The user who runs the program, and the number under which it runs.
  static var user: UInt32 { geteuid() }
  static var pid: Int32 { getpid() }

  // Sound: the system reads the path during the call.
  /// Creates a folder to which only its owner has rights; does nothing if the name exists.
  static func createPrivateFolder(_ path: String) throws(SystemError) {
    guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("mkdir") }
  }

  // Sound: the system reads the path during the call.
  /// Removes a file if it is there.
  static func remove(_ path: String) { _ = unsafe unlink(path) }

  /// Whether a program runs under a number.
  static func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 || errno != ESRCH }

  // Sound: the system reads the path during the call; the descriptor is closed on each way out.
  /// Performs an action while no other thread or program holds the lock of a folder.
  ///
  /// The action is performed without the lock if another program holds it until the deadline, as a stopped one may.
  static func locking<Result>(
    _ folder: String,
    until deadline: ContinuousClock.Instant,
    _ action: () throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open") }
    defer { _ = close(descriptor) }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0, .now < deadline {
      _ = UnixSocket.wait(for: [], until: .now + .milliseconds(5))
    }
    return try action()
  }

  /// Performs an action when the program calls `exit` or returns from `main`.
  static func atExit(_ action: @convention(c) () -> Void) { _ = atexit(action) }
}

/// A started thread of the operating system, which must be joined or detached once.
struct ControlThread: @unchecked Sendable {
  /// The name of all threads of control sockets; Linux keeps 15 bytes.
  static let name = "joist-control"
  /// Enough for the encoder, which descends into a supervision tree of at most 200 levels by recursion.
  private static let stackBytes = 2 << 20

  /// The handle, which any thread may use and which the owner uses once.
  private let handle: pthread_t

  // Sound: the box is handed to the new thread, which takes it over exactly once; the attributes are initialized before
  // they are used and destroyed after.
  /// Starts a thread; fails if the system has no thread or no memory for it.
  init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setstacksize(&attributes, ControlThread.stackBytes)
    let box = unsafe Unmanaged.passRetained(ControlThreadBody(body))
    #if canImport(Darwin)
      var created: pthread_t?
      let code = unsafe pthread_create(&created, &attributes, { unsafe ControlThreadBody.enter($0) }, box.toOpaque())
      guard code == 0, let created else {
        unsafe box.release()
        throw SystemError("pthread_create", code)
      }
    #else
      var created = pthread_t()
      let code = unsafe pthread_create(&created, &attributes, { unsafe ControlThreadBody.enter($0!) }, box.toOpaque())
      guard code == 0 else {
        unsafe box.release()
        throw SystemError("pthread_create", code)
      }
    #endif
    handle = created
  }

  /// Waits until the thread has ended.
  func join() { _ = pthread_join(handle, nil) }

  /// Lets the thread end by itself.
  func detach() { _ = pthread_detach(handle) }
}

/// What a thread does, on its way to the thread.
private final class ControlThreadBody: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }

  // Sound: the pointer is the box that the thread was started with; this is the one place that takes it over.
  static func enter(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let body = unsafe Unmanaged<ControlThreadBody>.fromOpaque(pointer).takeRetainedValue()
    nameThread()
    blockSignals()
    body.run()
    return nil
  }

  // Sound: the system reads the name, which outlives the calls.
  /// Names the thread for debuggers and for the system's lists of threads.
  private static func nameThread() {
    #if canImport(Darwin)
      unsafe pthread_setname_np(ControlThread.name)
    #else
      let file = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
      guard file >= 0 else { return }
      _ = unsafe write(file, ControlThread.name, ControlThread.name.utf8.count)
      _ = close(file)
    #endif
  }

  // Sound: the set is a variable of this function, and the system writes nothing else.
  /// Leaves signals that are meant for the whole program to the program's own threads.
  private static func blockSignals() {
    var signals = sigset_t()
    unsafe sigfillset(&signals)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { unsafe sigdelset(&signals, fault) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
  }
}
