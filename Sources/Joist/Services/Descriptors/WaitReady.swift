// SPDX-License-Identifier: Apache-2.0
//
// Waiting, as a process, until a descriptor can be read or written.

import CJoist

extension ProcessContext where Message: ~Copyable {
  /// Waits until a read from a descriptor would not block: there is data, its end, or an error that the read then
  /// reports.
  ///
  /// Parks the process, not its thread. If several processes wait for the same descriptor, the one that has waited
  /// longest is woken. The next one is woken when the first waits again, or one millisecond after the first continued,
  /// if the descriptor is still ready then. Make the descriptor non-blocking, because the result is a hint: another
  /// process may have read meanwhile. A file is always ready.
  ///
  /// Do not close the descriptor while a process waits for it: that wait would not end. If the program closes
  /// descriptors that are not its own, such as those of the runtime, every wait ends within a second, as if its
  /// descriptor were ready. The first wait of a runtime uses three descriptors and a thread, which stay until the
  /// runtime is shut down.
  /// - Parameters:
  ///   - descriptor: The descriptor to wait for.
  ///   - timeout: The maximum time to wait, or nil to wait forever.
  /// - Returns: False if the timeout expired first.
  /// - Throws: ``DescriptorError`` for a descriptor that cannot be waited for, or if the system has no descriptors or
  ///   no thread left; ``ProcessExit`` when the process is told to exit.
  public func waitReadable(_ descriptor: Int32, timeout: Duration? = nil) throws -> Bool {
    try record.awaitReady(generation, descriptor, .reading, timeout)
  }

  /// Waits until a write to a descriptor would not block.
  ///
  /// Everything said of ``waitReadable(_:timeout:)`` holds.
  public func waitWritable(_ descriptor: Int32, timeout: Duration? = nil) throws -> Bool {
    try record.awaitReady(generation, descriptor, .writing, timeout)
  }
}

extension Handle<ProcessRecord> {
  fileprivate func awaitReady(
    _ generation: UInt32,
    _ descriptor: Int32,
    _ direction: DescriptorPoller.Direction,
    _ timeout: Duration?
  ) throws -> Bool {
    try suspensionPoint(generation, cost: Cost.park)
    let core = home
    let poller = core.it.descriptors
    let ticket = newTicket()
    ticket.open()
    let error = poller.add(descriptor, direction, ticket) { (poll) throws(ResourceError) in
      try core.it.platform.startThread(named: "joist-descriptors") { poller.serve(poll, core.it.platform) }
    }
    if error != 0 {
      _ = it.cell.close()
      if error == Int32(joist_poll_always_ready) { return true }
      throw DescriptorError(descriptor: descriptor, code: error)
    }
    let answer = awaitAnswer(.descriptor, until: core.deadline(after: timeout))
    if answer == nil { poller.remove(descriptor, ticket) }
    if answer == .grantedFirst {
      poller.hasGoneOn(descriptor, direction, at: core.it.platform.now(), makesUse: !it.flags.contains(.exiting))
    }
    if it.flags.contains(.exiting) { try refuse() }
    return answer != nil
  }
}

/// The error of a descriptor that cannot be waited for.
public struct DescriptorError: Error, Hashable, CustomStringConvertible {
  /// The descriptor.
  public let descriptor: Int32
  /// The system's error number, or a negative number for an error of the runtime.
  public let code: Int32

  /// The code for a runtime that cannot wait, because it has ended or is simulated.
  static var noPoller: Int32 { -1 }
  /// The code for a runtime that the system gives no thread to wait with.
  static var noThread: Int32 { -6 }

  /// The error in one sentence.
  public var description: String {
    switch code {
    case DescriptorError.noPoller:
      "this runtime cannot wait for descriptor \(descriptor): it has ended, or has no threads"
    case Int32(joist_poll_none_left):
      "this runtime cannot wait for descriptor \(descriptor): the program has no descriptors left, and it needs three"
    case DescriptorError.noThread:
      "this runtime cannot wait for descriptor \(descriptor): the system gave no thread for it"
    case Int32(joist_poll_not_open): "descriptor \(descriptor) is not open"
    default: "descriptor \(descriptor) cannot be waited for: error \(code)"
    }
  }
}
