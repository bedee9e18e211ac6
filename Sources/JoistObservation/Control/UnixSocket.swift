// SPDX-License-Identifier: Apache-2.0
//
// Unix stream sockets: the system calls under the control socket. No call blocks, except those that wait until a given
// moment. All sockets are non-blocking, are not inherited by other programs, and raise no SIGPIPE. The files that the
// sockets lie in, and threads, are in `SystemCalls.swift`.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A socket that is closed when its last reference goes, so that its descriptor never means another file.
final class UnixSocket: Sendable {
  /// What a wait waits for; the end of the connection ends each wait.
  enum Event { case readable, writable, onlyEnd }

  /// The length of the queue of connections that are not accepted yet: enough for a hundred clients at once.
  private static let backlog: Int32 = 128
  /// The time between two attempts to connect while the queue of the listening socket is full.
  private static let retryInterval = Duration.milliseconds(10)

  private let descriptor: Int32

  /// Takes over a descriptor and makes it a well-behaved one.
  private init(owning descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    #if canImport(Darwin)
      setOption(SO_NOSIGPIPE, 1)
    #endif
  }

  deinit { _ = close(descriptor) }

  // MARK: Opening

  // Sound: the system reads the address, whose size is passed, during the call.
  /// Returns a socket that listens at a path; only the user who runs the program has rights to the file.
  ///
  /// The folder must be closed to other users, because the file has wider rights for a moment.
  static func listening(at path: String) throws(SystemError) -> UnixSocket {
    let socket = try UnixSocket.unconnected()
    var address = try UnixSocket.address(path)
    let bound = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(socket.descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0 else { throw SystemError("bind") }
    guard unsafe chmod(path, 0o600) == 0 else { throw SystemError("chmod") }
    guard listen(socket.descriptor, backlog) == 0 else { throw SystemError("listen") }
    return socket
  }

  // Sound: as in `listening`.
  /// Returns a socket that is connected to the one that listens at a path, and waits at most until `deadline` while
  /// the queue there is full.
  static func connected(to path: String, until deadline: ContinuousClock.Instant) throws(SystemError) -> UnixSocket {
    var address = try UnixSocket.address(path)
    while true {
      let socket = try UnixSocket.unconnected()
      let connected = unsafe withUnsafePointer(to: &address) { address in
        unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe connect(socket.descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      if connected == 0 { return socket }
      let error = SystemError("connect")
      guard error.code == EAGAIN || error.code == EINTR, .now < deadline else { throw error }
      _ = wait(for: [], until: min(deadline, .now + retryInterval))
    }
  }

  // Sound: the system writes two descriptors into the array.
  /// Returns two sockets that are connected to each other.
  static func pair() throws(SystemError) -> (UnixSocket, UnixSocket) {
    var descriptors: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, streamType, 0, &descriptors) == 0 else { throw SystemError("socketpair") }
    return (UnixSocket(owning: descriptors[0]), UnixSocket(owning: descriptors[1]))
  }

  /// Returns the next connection; returns nil if none is pending.
  func accept() throws(SystemError) -> UnixSocket? {
    #if canImport(Glibc)
      let new = Glibc.accept(descriptor, nil, nil)
    #elseif canImport(Musl)
      let new = Musl.accept(descriptor, nil, nil)
    #else
      let new = Darwin.accept(descriptor, nil, nil)
    #endif
    if new >= 0 { return UnixSocket(owning: new) }
    let error = SystemError("accept")
    if error.isTransient || error.code == ECONNABORTED { return nil }
    throw error
  }

  private static func unconnected() throws(SystemError) -> UnixSocket {
    let descriptor = socket(AF_UNIX, streamType, 0)
    guard descriptor >= 0 else { throw SystemError("socket") }
    return UnixSocket(owning: descriptor)
  }

  // MARK: Names

  /// The number of bytes that the path of a socket may have.
  static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

  // Sound: the path fits into the field, as the guard checks, and is followed by zeros.
  private static func address(_ path: String) throws(SystemError) -> sockaddr_un {
    guard path.utf8.count <= longestPath else { throw SystemError("connect", ENAMETOOLONG) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    return address
  }

  // Sound: the system writes at most the size that is passed: a process, a user and a group of 32 bits each.
  /// The user who runs the program at the other end; nil if the system does not say.
  var peerUser: UInt32? {
    #if canImport(Darwin)
      var (user, group) = (uid_t(), gid_t())
      return unsafe getpeereid(descriptor, &user, &group) == 0 ? user : nil
    #else
      var credentials: [UInt32] = [0, 0, 0]
      var size = socklen_t(12)
      let result = unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size)
      return result == 0 && size == 12 ? credentials[1] : nil
    #endif
  }

  #if canImport(Darwin)
    // Sound: the system reads one integer, whose size is passed.
    private func setOption(_ option: Int32, _ value: Int32) {
      var value = value
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
  #endif

  // MARK: Bytes

  /// What a buffer grows by, at once, before bytes are received into it.
  private static let zeros = [UInt8](repeating: 0, count: ControlLimits.chunkBytes)

  // Sound: the array holds `room` bytes behind its old end, and the system writes at most that number.
  /// Receives at most `room` bytes, and at most a chunk, and appends them; returns their number, zero at the end of the
  /// stream, and nil if no byte has arrived.
  func receive(atMost room: Int, appendingTo bytes: inout [UInt8]) throws(SystemError) -> Int? {
    let end = bytes.count
    let room = min(room, ControlLimits.chunkBytes)
    bytes.append(contentsOf: UnixSocket.zeros.prefix(room))
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe recv(descriptor, buffer.baseAddress! + end, room, 0)
    }
    let error = SystemError("recv")
    bytes.removeLast(room - max(count, 0))
    if count >= 0 { return count }
    if error.isTransient { return nil }
    throw error
  }

  // Sound: the array outlives the call, which reads `bytes.count - start` bytes from `start` on.
  /// Sends the bytes from `start` on; returns the number of bytes that the system took, and nil if it takes none now.
  func send(_ bytes: [UInt8], from start: Int) throws(SystemError) -> Int? {
    let count = unsafe bytes.withUnsafeBytes { buffer in
      unsafe systemSend(buffer.baseAddress! + start, bytes.count - start)
    }
    if count >= 0 { return count }
    let error = SystemError("send")
    if error.isTransient { return nil }
    throw error
  }

  // Sound: passes on what `send` has checked.
  private func systemSend(_ start: UnsafeRawPointer, _ count: Int) -> Int {
    #if canImport(Glibc)
      unsafe Glibc.send(descriptor, start, count, Int32(MSG_NOSIGNAL))
    #elseif canImport(Musl)
      unsafe Musl.send(descriptor, start, count, Int32(MSG_NOSIGNAL))
    #else
      unsafe Darwin.send(descriptor, start, count, 0)
    #endif
  }

  /// Ends the connection in both directions; each wait and each call on either end returns.
  func endConnection() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

  // MARK: Waiting

  /// Waits until the event or the end of the connection comes; returns false at the deadline.
  func wait(for event: Event, until deadline: ContinuousClock.Instant?) -> Bool {
    UnixSocket.wait(for: [(self, event)], until: deadline)[0]
  }

  // Sound: the array has the number of entries that is passed.
  /// Waits until one of the events comes, or until the deadline; returns which of them have come.
  static func wait(for events: [(UnixSocket, Event)], until deadline: ContinuousClock.Instant?) -> [Bool] {
    var entries = events.map { socket, event in
      switch event {
      case .readable: pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
      case .writable: pollfd(fd: socket.descriptor, events: Int16(POLLOUT), revents: 0)
      case .onlyEnd: pollfd(fd: socket.descriptor, events: 0, revents: 0)
      }
    }
    while true {
      let milliseconds = deadline.map { ContinuousClock.Instant.now.milliseconds(until: $0) } ?? -1
      let count = unsafe poll(&entries, nfds_t(entries.count), milliseconds)
      if count > 0 { return entries.map { $0.revents != 0 } }
      if count == 0 && deadline.map({ $0 <= .now }) == true { return entries.map { _ in false } }
    }
  }

  #if canImport(Glibc)
    private static let streamType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
  #else
    private static let streamType = SOCK_STREAM
  #endif
}

extension ContinuousClock.Instant {
  /// The whole milliseconds until a later moment, rounded up and at most a minute; zero if the moment has passed.
  fileprivate func milliseconds(until later: Self) -> Int32 {
    let longest = Duration.seconds(60)
    let rest = min(max(duration(to: later), .zero), longest).components
    return Int32(rest.seconds * 1_000 + (rest.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
