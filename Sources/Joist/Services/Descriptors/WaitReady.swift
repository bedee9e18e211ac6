// SPDX-License-Identifier: Apache-2.0
//
// A process waits until a descriptor can be read or written.

import CJoist

extension ProcessContext where Message: ~Copyable {
  /// Waits until reading from a descriptor would not block: there is something, or its end, or an error, which the read
  /// then says.
  ///
  /// Returns false when the time was over first. Of several that wait for the same descriptor the one that has waited
  /// longest is woken; the next one a millisecond after it went on, if the descriptor is still ready then, or when it
  /// waits again. The descriptor should not block, for this is a hint: somebody else may have read meanwhile. A file is
  /// always ready. The descriptor must not be closed while anybody waits for it: that wait would not end. Where the
  /// program closes descriptors that are not its own, the runtime's among them, every wait ends within a second, as if
  /// its descriptor were ready. The first wait of a runtime takes three descriptors and a thread, which stay until it
  /// is shut down. Throws ``DescriptorError`` for a descriptor that cannot be waited for, and where the system gives no
  /// descriptors or no thread; ``ProcessExit`` when the process is told to exit.
  public func waitReadable(_ descriptor: Int32, timeout: Duration? = nil) throws -> Bool {
    try record.awaitReady(generation, descriptor, .reading, timeout)
  }

  /// Waits until writing to a descriptor would not block.
  ///
  /// As `waitReadable`.
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

/// A descriptor that cannot be waited for.
public struct DescriptorError: Error, Hashable, CustomStringConvertible {
  /// Which.
  public let descriptor: Int32
  /// The system's error number, or one below zero for what has a sentence of its own.
  public let code: Int32

  /// The code for a runtime that cannot wait, ended or simulated.
  static var noPoller: Int32 { -1 }
  /// The code for a runtime that the system gives no thread to wait.
  static var noThread: Int32 { -6 }

  /// One sentence.
  public var description: String {
    switch code {
    case DescriptorError.noPoller:
      "this runtime cannot wait for descriptor \(descriptor): it has ended, or has no threads"
    case Int32(joist_poll_none_left):
      "this runtime cannot wait for descriptor \(descriptor): the program has no descriptors left, and that takes three"
    case DescriptorError.noThread:
      "this runtime cannot wait for descriptor \(descriptor): the system gave no thread for that"
    case Int32(joist_poll_not_open): "descriptor \(descriptor) is not open"
    default: "descriptor \(descriptor) cannot be waited for: error \(code)"
    }
  }
}
