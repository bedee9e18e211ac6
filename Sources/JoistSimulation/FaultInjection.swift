// SPDX-License-Identifier: Apache-2.0
//
// Fault injection: the kinds of faults that a simulated run may contain. The strategy of the run decides when a fault
// happens, as it decides which thread runs.

import Joist

/// The kinds of faults that a simulation may inject.
public struct FaultInjection: OptionSet, Sendable, Hashable {
  /// The set as bits, one for each kind.
  public let rawValue: Int
  /// Creates a set from its bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// A process's slice ends early.
  public static let shortSlices = FaultInjection(rawValue: 1)
  /// A sleeping thread wakes without a cause.
  public static let spuriousWakes = FaultInjection(rawValue: 2)
  /// Timers fire late, by at most two milliseconds.
  public static let lateTimers = FaultInjection(rawValue: 4)
  /// A process is killed.
  public static let kills = FaultInjection(rawValue: 8)
  /// A scheduler is stuck in a process for 12 milliseconds, so that a spare scheduler takes over its work.
  public static let stuckSchedulers = FaultInjection(rawValue: 16)
  /// The system refuses memory for stacks.
  public static let failedAllocations = FaultInjection(rawValue: 32)
  /// A bounded mailbox appears full to one attempt to send.
  public static let fullMailboxes = FaultInjection(rawValue: 64)

  /// The kinds that a correct program does not notice.
  public static let harmless: FaultInjection = [.shortSlices, .spuriousWakes, .lateTimers, .stuckSchedulers]
}

/// Offers the strategy the faults that are possible at the moment, and injects the one it chooses.
///
/// `continuing` is the thread that ran last, if it can run on; nil otherwise.
protocol FaultInjector {
  /// Returns the number of faults that are possible now.
  func count(_ threads: VirtualThreads, continuing: VirtualThread?) -> Int
  /// Injects one of these faults, by its index.
  func inject(_ index: Int, _ threads: VirtualThreads, continuing: VirtualThread?)
  /// Returns by how many nanoseconds the clock overshoots the next deadline.
  func lateness(_ decider: inout Decider) -> Int64
  /// Returns whether a bounded mailbox appears full to the sender that asks.
  func isFull(_ decider: inout Decider) -> Bool
}

/// Injects no faults.
struct NoFaultInjector: FaultInjector {
  func count(_ threads: VirtualThreads, continuing: VirtualThread?) -> Int { 0 }
  func inject(_ index: Int, _ threads: VirtualThreads, continuing: VirtualThread?) {}
  func lateness(_ decider: inout Decider) -> Int64 { 0 }
  func isFull(_ decider: inout Decider) -> Bool { false }
}

/// Injects faults of the given kinds into a runtime.
struct RuntimeFaultInjector: FaultInjector {
  let kinds: FaultInjection
  let runtime: ProcessRuntime

  /// The kinds that happen between steps, in the order of their indices.
  private static let order: [FaultInjection] = [.shortSlices, .stuckSchedulers, .spuriousWakes, .kills]

  private func possible(_ continuing: VirtualThread?) -> FaultInjection {
    let isInCall = continuing?.point == .call && continuing?.waitsOn == 0
    return isInCall ? kinds : kinds.subtracting([.shortSlices, .stuckSchedulers])
  }

  func count(_ threads: VirtualThreads, continuing: VirtualThread?) -> Int {
    let possible = possible(continuing)
    return RuntimeFaultInjector.order.count { possible.contains($0) }
  }

  func inject(_ index: Int, _ threads: VirtualThreads, continuing: VirtualThread?) {
    let possible = possible(continuing)
    var left = index
    for fault in RuntimeFaultInjector.order where possible.contains(fault) {
      if left == 0 { return inject(fault, threads, continuing) }
      left -= 1
    }
  }

  private func inject(_ fault: FaultInjection, _ threads: VirtualThreads, _ continuing: VirtualThread?) {
    switch fault {
    case .shortSlices: continuing!.mustYield = true
    case .stuckSchedulers: continuing!.stuckUntil = threads.now + 12_000_000
    case .spuriousWakes:
      let sleepers = threads.all.filter { $0.waitsOn != 0 && !$0.hasEnded }
      if !sleepers.isEmpty { sleepers[threads.decider.draw(sleepers.count)].waitsOn = 0 }
    default:
      let live = runtime.processes.count
      if live > 0 { runtime.killLive(threads.decider.draw(live)) }
    }
  }

  func lateness(_ decider: inout Decider) -> Int64 {
    kinds.contains(.lateTimers) ? [0, 1_000, 100_000, 2_000_000][decider.draw(4)] : 0
  }

  func isFull(_ decider: inout Decider) -> Bool { kinds.contains(.fullMailboxes) && decider.draw(4) == 1 }
}
