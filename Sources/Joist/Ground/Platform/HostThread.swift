// SPDX-License-Identifier: Apache-2.0
//
// The operating system threads that the runtime starts.

import CJoist
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A started thread of the operating system.
///
/// The thread's handle is kept until the thread is joined or detached. A thread that holds a Dispatch queue never ends:
/// it sleeps after its body has returned, and a join does not wait for it.
final class HostThread: PlatformThread, @unchecked Sendable {
  /// The thread's handle, set once by `init` before any other thread has the object.
  private let thread: pthread_t
  /// Whether the thread was joined, so that the system has nothing left to free.
  private let isJoined = Atomic<Bool>(false)
  private let end = ThreadEnd()

  // Sound: the box is handed to the new thread, which takes it over exactly once.
  init(name: String, body: @escaping @Sendable () -> Void) throws(ResourceError) {
    let box = unsafe Unmanaged.passRetained(ThreadBody(name: name, end: end, run: body))
    var created: pthread_t?
    #if canImport(Darwin)
      let failed = unsafe pthread_create(&created, nil, { unsafe ThreadBody.enter($0) }, box.toOpaque())
    #else
      var handle = pthread_t()
      let failed = unsafe pthread_create(&handle, nil, { unsafe ThreadBody.enter($0!) }, box.toOpaque())
      created = handle
    #endif
    guard failed == 0, let created else {
      unsafe box.release()
      throw ResourceError(what: "thread for \(name): a limit of threads or of memory is reached (error \(failed))")
    }
    thread = created
  }

  // Sound: joined once, as the protocol demands.
  // Ordering: relaxed, as in `deinit`.
  func join() {
    guard end.isComing() else { return }
    isJoined.store(true, ordering: .relaxed)
    pthread_join(thread, nil)
  }

  // Ordering: relaxed, because the reference count orders the join before this.
  /// Detaches a thread that was not joined, so that the system frees its memory when it ends.
  deinit { if !isJoined.load(ordering: .relaxed) { pthread_detach(thread) } }

  var isCurrent: Bool { pthread_equal(thread, pthread_self()) != 0 }
}

/// The outcome of a thread's body: whether the thread ends once the body has returned.
private final class ThreadEnd: Sendable {
  private enum State { static let running = 0, ends = 1, stays = 2 }

  private let state = Atomic<Int>(State.running)
  private let word = WaitWord()

  // Ordering: releasing pairs with the load below, so that the thread that joins sees what the body did.
  func bodyReturned(isKept: Bool) {
    state.store(isKept ? State.stays : State.ends, ordering: .releasing)
    word.ring(HostPlatform.shared, all: true)
  }

  /// Waits until the body has returned; returns false if the thread then sleeps until the program ends.
  func isComing() -> Bool {
    while true {
      let seen = word.seen
      let now = state.load(ordering: .acquiring)
      if now != State.running { return now == State.ends }
      HostPlatform.shared.wait(on: word, while: seen, until: nil)
    }
  }
}

/// The code that a thread runs, with the thread's name.
private final class ThreadBody: Sendable {
  let name: String
  let end: ThreadEnd
  let run: @Sendable () -> Void

  init(name: String, end: ThreadEnd, run: @escaping @Sendable () -> Void) {
    self.name = name
    self.end = end
    self.run = run
  }

  // Sound: called once, with the pointer that `HostThread.init` made of a retained box.
  static func enter(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    unsafe live(pointer)
    if joist_thread_is_kept() { joist_thread_rest() }
    return nil
  }

  // Sound: as above.
  /// Runs the body and announces its return.
  ///
  /// When this returns, the thread's frames hold no reference any more.
  @inline(never)
  private static func live(_ pointer: UnsafeMutableRawPointer) {
    let box = unsafe Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue()
    unsafe box.name.withCString { unsafe joist_thread_prepare($0) }
    joist_thread_watch_end {
      stopTheProgram("Joist: a process or a `blocking` closure ended its thread, as `pthread_exit` does.")
    }
    box.run()
    joist_thread_watch_end(nil)
    box.end.bodyReturned(isKept: joist_thread_is_kept())
  }
}
