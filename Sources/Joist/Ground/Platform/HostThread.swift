// SPDX-License-Identifier: Apache-2.0
//
// An OS thread of the runtime's own.

import CJoist
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A started thread.
///
/// Its handle is kept until it is joined or let go. A thread that holds a queue of Dispatch's never ends: it
/// sleeps when its body has returned, and a join does not wait for it.
final class HostThread: PlatformThread, @unchecked Sendable {
  /// Set once by `init`, before anyone else has the object.
  private let thread: pthread_t
  /// Nothing of it is left to be given back.
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
  // Ordering: relaxed, as `deinit`.
  func join() {
    guard end.isComing() else { return }
    isJoined.store(true, ordering: .relaxed)
    pthread_join(thread, nil)
  }

  // Ordering: relaxed, for the count of references orders the join before this.
  /// Nobody will join it: the system takes its memory back when it ends.
  deinit { if !isJoined.load(ordering: .relaxed) { pthread_detach(thread) } }

  var isCurrent: Bool { pthread_equal(thread, pthread_self()) != 0 }
}

/// Whether a thread ends now that its body has returned.
private final class ThreadEnd: Sendable {
  private enum State { static let running = 0, ends = 1, stays = 2 }

  private let state = Atomic<Int>(State.running)
  private let word = WaitWord()

  // Ordering: releasing pairs with the load below, as a join does: what the body did is seen.
  func bodyReturned(isKept: Bool) {
    state.store(isKept ? State.stays : State.ends, ordering: .releasing)
    word.signal(HostPlatform.shared, all: true)
  }

  /// Waits until the body has returned; false when the thread sleeps then, until the program ends.
  func isComing() -> Bool {
    while true {
      let seen = word.seen
      let now = state.load(ordering: .acquiring)
      if now != State.running { return now == State.ends }
      HostPlatform.shared.wait(on: word, while: seen, until: nil)
    }
  }
}

/// What a thread runs.
private final class ThreadBody: Sendable {
  let name: String
  let end: ThreadEnd
  let run: @Sendable () -> Void

  init(name: String, end: ThreadEnd, run: @escaping @Sendable () -> Void) {
    self.name = name
    self.end = end
    self.run = run
  }

  // Sound: called once with the pointer that `HostThread.init` made of a retained box.
  static func enter(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    unsafe live(pointer)
    if joist_thread_is_kept() { joist_thread_rest() }
    return nil
  }

  // Sound: as above.
  /// The body, and what is told of its return; nothing is referred to any more when this returns.
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
