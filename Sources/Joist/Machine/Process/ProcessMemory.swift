// SPDX-License-Identifier: Apache-2.0
//
// Measuring the memory of a process. A thread that has the process can count everything; another thread counts only
// what others may read.

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
  /// The memory of the process; the caller has it.
  var measuredMemory: ProcessMemory { memory(stack: frameBytes, mailbox: mailBytes, other: otherBytes) }

  /// The memory of the process, as far as a thread that does not have it may know.
  var estimatedMemory: ProcessMemory {
    let mailbox = mailboxLengthAtAGuess * NodePool.minBytes
    return memory(stack: HostPlatform.pageBytes, mailbox: mailbox, other: extrasAddress == 0 ? 0 : Self.extrasBytes)
  }

  /// The number of unreceived messages, at about this moment.
  ///
  /// What lies in the mailbox is counted exactly. With what has come since the process last looked, at most 65,534
  /// messages more are counted.
  // Ordering: relaxed, guesses.
  var mailboxLengthAtAGuess: Int { Int(it.mailbox.count) + max(0, newlyArrived) + (it.arrived == nil ? 0 : 1) }

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
