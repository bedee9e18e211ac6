// SPDX-License-Identifier: Apache-2.0
//
// What a process takes of the machine's memory.
// ME1. Of one that is parked, all is known to whoever claims it (E2), counts, and leaves it again as it was. One that
//      runs, or is about to, is not claimed: of that only what is for others to read is counted.

import Synchronization

/// Bytes that a process takes, by what they are for.
///
/// Exact for one that waits, but for what its own objects take: those are malloc's. Of one that runs, or is about to,
/// the messages that it has not received count as the smallest, and its stack as a page.
public struct ProcessMemory: Sendable, Hashable {
  /// What the runtime knows of every process.
  public let record: Int
  /// Its frames: where they were copied to, or the pages of its stack that have them.
  public let stack: Int
  /// The blocks of its private heap.
  public let heap: Int
  /// Messages that it has not received.
  public let mailbox: Int
  /// What only some have: links, monitors, bounds, timers, and the rest of a private heap.
  public let other: Int

  /// All of it.
  public var total: Int { record + stack + heap + mailbox + other }
}

extension Handle<ProcessRecord> {
  /// What it takes now (ME1).
  func measureMemory() -> ProcessMemory {
    guard it.inbox.claim() else {
      let mailbox = it.inbox.unread * NodePool.minBytes
      return memory(stack: HostPlatform.pageBytes, mailbox: mailbox, other: extrasAddress == 0 ? 0 : Self.extrasBytes)
    }
    let memory = memory(stack: frameBytes, mailbox: mailBytes, other: otherBytes)
    if !home.it.scheduler(0).leave(self) { wake(from: Scheduler.current) }
    return memory
  }

  private func memory(stack: Int, mailbox: Int, other: Int) -> ProcessMemory {
    ProcessMemory(record: ProcessTable.recordBytes, stack: stack, heap: heapBytes, mailbox: mailbox, other: other)
  }

  /// The caller has the process.
  private var mailBytes: Int {
    var bytes = 0
    forEachUnread { bytes += $0.it.blockBytes }
    return bytes
  }

  /// Likewise.
  private var otherBytes: Int {
    let timer = it.timer == nil ? 0 : MemoryLayout<ProcessTimer>.size
    if extrasAddress == 0 { return timer }
    return timer + Self.extrasBytes + serviceBytes + (hasExtras ? suspendBytes : 0)
  }
}
