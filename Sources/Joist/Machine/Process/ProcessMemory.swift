// SPDX-License-Identifier: Apache-2.0
//
// Measuring the memory of a process. A thread that claims a parked process (E2) has it alone: it can count everything,
// and then parks the process again as it was. A process that runs, or is about to, cannot be claimed; of such a process
// only what others may read is counted.

import Synchronization

/// The bytes that the runtime keeps for a process, by purpose.
///
/// For a waiting process the values are exact. Objects of the process itself are `malloc`'s and are not included. For a
/// process that runs, or is about to, each unreceived message counts as the smallest possible one, and the stack as one
/// page.
public struct ProcessMemory: Sendable, Hashable {
  /// The record that every process has.
  public let record: Int
  /// The frames: their saved copy, or the pages of the stack that hold them.
  public let stack: Int
  /// The blocks of the private heap.
  public let heap: Int
  /// The messages that the process has not received.
  public let mailbox: Int
  /// What only some processes have: links, monitors, mailbox limit, timers, and the bookkeeping of a private heap.
  public let other: Int

  /// The sum of all parts.
  public var total: Int { record + stack + heap + mailbox + other }
}

extension Handle<ProcessRecord> {
  /// Measures the memory of the process now.
  func measureMemory() -> ProcessMemory {
    guard it.inbox.claim() else {
      let mailbox = it.inbox.unread * NodePool.minBytes
      return memory(stack: HostPlatform.pageBytes, mailbox: mailbox, other: extrasAddress == 0 ? 0 : Self.extrasBytes)
    }
    let memory = memory(stack: frameBytes, mailbox: mailBytes, other: otherBytes)
    if !home.it.scheduler(0).tryToPark(self) { wake(from: Scheduler.current) }
    return memory
  }

  private func memory(stack: Int, mailbox: Int, other: Int) -> ProcessMemory {
    ProcessMemory(record: ProcessTable.recordBytes, stack: stack, heap: heapBytes, mailbox: mailbox, other: other)
  }

  /// The bytes of all unreceived messages; the caller has the process.
  private var mailBytes: Int {
    var bytes = 0
    forEachUnread { bytes += $0.it.blockBytes }
    return bytes
  }

  /// The bytes of timer, extras and services; the caller has the process.
  private var otherBytes: Int {
    let timer = it.timer == nil ? 0 : MemoryLayout<ProcessTimer>.size
    if extrasAddress == 0 { return timer }
    return timer + Self.extrasBytes + serviceBytes + (hasExtras ? suspendBytes : 0)
  }
}
