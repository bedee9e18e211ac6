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
/// Its handle is kept until it is joined or let go.
final class HostThread: PlatformThread, @unchecked Sendable {
  /// Set once by `init`, before anyone else has the object.
  private let thread: pthread_t
  /// Nothing of it is left to be given back.
  private let isJoined = Atomic<Bool>(false)

  // Sound: the box is handed to the new thread, which takes it over exactly once.
  init?(name: String, body: @escaping @Sendable () -> Void) {
    let box = unsafe Unmanaged.passRetained(ThreadBody(name: name, run: body))
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
      return nil
    }
    thread = created
  }

  // Sound: joined once, as the protocol demands.
  // Ordering: relaxed, as `deinit`.
  func join() {
    isJoined.store(true, ordering: .relaxed)
    pthread_join(thread, nil)
  }

  // Ordering: relaxed, for the count of references orders the join before this.
  /// Nobody will join it: the system takes its memory back when it ends.
  deinit { if !isJoined.load(ordering: .relaxed) { pthread_detach(thread) } }

  var isCurrent: Bool { pthread_equal(thread, pthread_self()) != 0 }
}

/// What a thread runs.
private final class ThreadBody: Sendable {
  let name: String
  let run: @Sendable () -> Void

  init(name: String, run: @escaping @Sendable () -> Void) {
    self.name = name
    self.run = run
  }

  // Sound: called once with the pointer that `HostThread.init` made of a retained box.
  static func enter(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let box = unsafe Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue()
    unsafe box.name.withCString { unsafe joist_thread_prepare($0) }
    box.run()
    return nil
  }
}
