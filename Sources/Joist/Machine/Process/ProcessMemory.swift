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
  public let own: Int

  /// All of it.
  public var total: Int { record + stack + heap + mailbox + own }
}

extension Handle<ProcessRecord> {
  /// What it takes now (ME1).
  func measureMemory() -> ProcessMemory {
    guard it.inbox.claim() else {
      let mailbox = it.inbox.unread * NodePool.minBytes
      return memory(stack: HostPlatform.pageBytes, mailbox: mailbox, own: hasExtras ? ProcessExtras.ownBytes : 0)
    }
    let memory = memory(stack: frameBytes, mailbox: mailBytes, own: ownBytes)
    if !home.it.scheduler(0).leave(self) { wake(from: Scheduler.current) }
    return memory
  }

  private func memory(stack: Int, mailbox: Int, own: Int) -> ProcessMemory {
    ProcessMemory(record: ProcessTable.recordBytes, stack: stack, heap: heapBytes, mailbox: mailbox, own: own)
  }

  /// The caller has the process.
  private var mailBytes: Int {
    var bytes = 0
    forEachUnread { bytes += $0.it.blockBytes }
    return bytes
  }

  /// Likewise.
  private var ownBytes: Int {
    var bytes = it.timer == nil ? 0 : MemoryLayout<ProcessTimer>.size
    guard hasExtras else { return bytes }
    let extras = extras()
    bytes += ProcessExtras.ownBytes + extras.it.monitors.bytes
    extras.it.lock.lock()
    bytes += extras.it.watches.bytes + extras.it.links.bytes
    extras.it.lock.unlock()
    bytes += suspendBytes
    if extras.it.heap.load(ordering: .relaxed) != 0 { bytes += MemoryLayout<PrivateHeap>.size }
    return bytes
  }
}

extension ProcessExtras {
  fileprivate static var ownBytes: Int { MemoryLayout<ProcessExtras>.size }
}
