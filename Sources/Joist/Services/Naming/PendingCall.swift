// SPDX-License-Identifier: Apache-2.0
//
// A closure that is called even if its process never begins. A runtime that is shut down ends processes that have not
// begun; what others wait for must not be lost with them.

import Synchronization

/// A closure that a process is to call; a thread calls it if the process is not created or does not begin.
package final class PendingCall: Sendable {
  private let platform: any Platform
  private let body: @Sendable () -> Void
  // Ordering: relaxed. Only the thread that makes the call or destroys this object uses it, and it got this object from
  // another thread by way of a lock or a queue.
  private let isMade = Atomic(false)

  init(on platform: any Platform, _ body: @escaping @Sendable () -> Void) {
    self.platform = platform
    self.body = body
  }

  /// Makes the call on a thread of the machine if no process does.
  package convenience init(_ body: @escaping @Sendable () -> Void) { self.init(on: HostPlatform.shared, body) }

  /// Calls the closure; called once, by the process.
  package func make() {
    isMade.store(true, ordering: .relaxed)
    body()
  }

  /// Calls a closure in a process of its own, or on a thread if the runtime creates none or is shut down first.
  static func start(on core: Handle<RuntimeCore>?, _ body: @escaping @Sendable () -> Void) {
    let call = PendingCall(on: core?.it.platform ?? HostPlatform.shared, body)
    guard let core else { return }
    _ = try? core.spawn(SpawnRequest(.init()) { (_: ProcessContext<Never>) in call.make() })
  }

  deinit {
    if isMade.load(ordering: .relaxed) { return }
    let body = body
    let thread = try? platform.startThread(named: "joist-late", body)
    if thread == nil { body() }
  }
}
