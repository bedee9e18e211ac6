// SPDX-License-Identifier: Apache-2.0
//
// Dumps of a program that hangs, by choice: the program writes one whenever it gets SIGQUIT.
//
// The signal may arrive at any moment, on any thread and on the stack of a process. So its handler only writes a byte
// to a pipe. A thread of its own waits for the byte and makes the dump. It belongs to no runtime, so it works while
// every scheduler is in an endless loop.

public import Joist
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A dump that is written whenever the program gets SIGQUIT, as `dumpOnQuit` of a runtime has asked for.
///
/// It lasts until ``stop()`` is called or the program ends, whether or not the program keeps this object.
public final class QuitDump: Sendable {
  private let number: Int

  fileprivate init(_ write: @escaping @Sendable () -> Void) throws(InspectionError) {
    number = try QuitWatch.shared.add(write)
  }

  /// Writes no more dumps; after the last one has stopped, SIGQUIT does what it did before.
  ///
  /// A dump that is being written is completed. Calling this again has no effect.
  public func stop() { QuitWatch.shared.remove(number) }
}

extension ProcessRuntime {
  /// Writes a dump of the runtime whenever the program gets SIGQUIT, for example by `kill -QUIT` or `Ctrl-\`.
  ///
  /// The dump is that of ``dump(to:asJSON:limitBytes:)``. It is made by a thread of its own, which works even if all
  /// schedulers are in endless loops. Signals that arrive while a dump is written cause one more. The program goes on.
  ///
  /// ```swift
  /// let dump = try runtime.dumpOnQuit()
  /// ```
  ///
  /// - Parameters:
  ///   - path: The path of the file, which each dump replaces; nil stands for standard error.
  ///   - asJSON: Whether to write lines of JSON instead of text.
  ///   - limitBytes: The maximum length of the dump, which then says that it was cut.
  /// - Returns: The dump, for a program that wants to stop it.
  /// - Throws: ``InspectionError`` if SIGQUIT has a handler other than a reporter of crashes, or if the system has no
  ///   thread or no descriptor.
  @discardableResult
  public func dumpOnQuit(
    to path: String? = nil,
    asJSON: Bool = false,
    limitBytes: Int = 16 << 20
  ) throws(InspectionError) -> QuitDump {
    let inspector = RuntimeInspector(self)
    return try QuitDump {
      let bytes = inspector.dump(asJSON: asJSON, limitBytes: limitBytes)
      guard let path else { return StandardError.write(bytes) }
      do {
        try OutputFile.write(to: path) { sink in try sink(bytes) }
      } catch {
        StandardError.write(Array("joist: \(error)\n".utf8))
      }
    }
  }
}

/// What happens when the program gets SIGQUIT.
private final class QuitWatch: Sendable {
  static let shared = QuitWatch()

  private struct State {
    /// What writes the dumps, in the order in which they were asked for.
    var writers: [(number: Int, write: @Sendable () -> Void)] = []
    var lastNumber = 0
    /// The descriptor that the thread reads; nil before there is a thread.
    var descriptor: Int32?
    /// What the signal did before.
    var previous = sigaction()
  }

  private let state = Mutex(State())

  /// Adds a writer; the first one takes the signal over.
  func add(_ write: @escaping @Sendable () -> Void) throws(InspectionError) -> Int {
    try state.withLock { state throws(InspectionError) in
      if state.descriptor == nil { state.descriptor = try begin() }
      if state.writers.isEmpty { state.previous = try QuitSignal.take() }
      state.lastNumber += 1
      state.writers.append((state.lastNumber, write))
      return state.lastNumber
    }
  }

  /// Removes a writer; the last one gives the signal back.
  func remove(_ number: Int) {
    state.withLock { state in
      guard let index = state.writers.firstIndex(where: { $0.number == number }) else { return }
      state.writers.remove(at: index)
      if state.writers.isEmpty { QuitSignal.giveBack(state.previous) }
    }
  }

  /// Starts the thread, which waits for the rest of the program's life, and returns the descriptor that it reads.
  private func begin() throws(InspectionError) -> Int32 {
    do throws(SystemError) {
      let descriptor = try QuitSignal.makePipe()
      try ControlThread { self.run(descriptor) }.detach()
      return descriptor
    } catch {
      throw InspectionError("cannot write dumps on SIGQUIT: \(error)")
    }
  }

  private func run(_ descriptor: Int32) {
    while QuitSignal.wait(descriptor) {
      for writer in state.withLock({ $0.writers }) { writer.write() }
    }
  }
}

/// The signal, its handler and the pipe between the handler and the thread.
private enum QuitSignal {
  /// The descriptor that the handler writes to, and the process that it belongs to.
  // Ordering: relaxed; both are stored before the handler is installed, by a system call.
  static let descriptor = Atomic<Int32>(-1)
  static let owner = Atomic<Int32>(0)

  // Sound: the array has room for both descriptors.
  /// Makes the pipe, whose end for the handler never blocks, and returns the end for the thread.
  static func makePipe() throws(SystemError) -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw SystemError("pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    descriptor.store(ends[1], ordering: .relaxed)
    owner.store(getpid(), ordering: .relaxed)
    return ends[0]
  }

  // Sound: the bytes are read into a local array of their number.
  /// Waits until the handler has written, and takes all that it has written; returns false if the pipe is gone.
  static func wait(_ descriptor: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 512)
    while true {
      let count = unsafe read(descriptor, &bytes, bytes.count)
      if count > 0 || errno != EINTR { return count > 0 }
    }
  }

  // Sound: both structures are initialized, and the handler is a function that captures nothing.
  /// Installs the handler, and returns what the signal did before.
  static func take() throws(InspectionError) -> sigaction {
    var (action, previous) = (sigaction(), sigaction())
    unsafe sigaction(SIGQUIT, nil, &previous)
    guard isReplaceable(previous) else {
      throw InspectionError("cannot write dumps on SIGQUIT: the program has another handler for it")
    }
    action.handler = handle
    // On the stack for signals, because the stack of a process may be too small.
    action.sa_flags = SA_RESTART | SA_ONSTACK
    unsafe sigaction(SIGQUIT, &action, nil)
    return previous
  }

  // Sound: the address is only compared.
  /// Returns whether the signal has no handler, or that of a reporter of crashes.
  ///
  /// Swift's reporter, which `SWIFT_BACKTRACE=enable=yes` installs, takes SIGQUIT for a crash.
  private static func isReplaceable(_ previous: sigaction) -> Bool {
    let handler = unsafe unsafeBitCast(previous.handler, to: UInt.self)
    // 0 and 1 are the system's own: to end the program, and to ignore the signal.
    return handler <= 1 || CrashReporter.has(handler)
  }

  // Sound: the structure is one that the system has filled.
  static func giveBack(_ previous: sigaction) {
    var previous = previous
    unsafe sigaction(SIGQUIT, &previous, nil)
  }

  // Sound: one byte of a local variable is written. All calls are safe in a handler, and `errno` stays as it was.
  private static let handle: @convention(c) (Int32) -> Void = { number in
    let before = errno
    if getpid() == owner.load(ordering: .relaxed) {
      var byte: UInt8 = 0
      _ = unsafe write(descriptor.load(ordering: .relaxed), &byte, 1)
    } else {
      // A child that was forked has no thread, and the pipe is its parent's.
      _ = signal(number, SIG_DFL)
      _ = raise(number)
    }
    errno = before
  }
}

extension sigaction {
  // Sound: the union holds the function, because the flags never ask for one with more arguments.
  /// The function that handles the signal; 0 and 1 stand for the system's own.
  fileprivate var handler: (@convention(c) (Int32) -> Void)? {
    get {
      #if canImport(Darwin)
        unsafe __sigaction_u.__sa_handler
      #elseif canImport(Musl)
        unsafe __sa_handler.sa_handler
      #else
        unsafe __sigaction_handler.sa_handler
      #endif
    }
    set {
      #if canImport(Darwin)
        unsafe __sigaction_u.__sa_handler = newValue
      #elseif canImport(Musl)
        unsafe __sa_handler.sa_handler = newValue
      #else
        unsafe __sigaction_handler.sa_handler = newValue
      #endif
    }
  }
}

/// Standard error, written to without a buffer.
private enum StandardError {
  // Sound: the pointer stays within the array, of which `written` bytes are done.
  static func write(_ bytes: [UInt8]) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { unsafe systemWrite(2, $0.baseAddress! + written, $0.count - written) }
      if count > 0 { written += count } else if count == 0 || errno != EINTR { return }
    }
  }
}

// Sound: the caller's pointer is valid for `count` bytes.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  unsafe write(descriptor, bytes, count)
}
