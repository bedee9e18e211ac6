// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong in a simulation, or merely happens: kinds that a run may have, and when a strategy says so they do.

import Joist

/// Kinds of faults that a simulation may bring about.
public struct FaultInjection: OptionSet, Sendable, Hashable {
  /// A bit for each kind.
  public let rawValue: Int
  /// Of those bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// A process's slice ends early.
  public static let shortSlices = FaultInjection(rawValue: 1)
  /// A thread's sleep ends for no reason.
  public static let spuriousWakes = FaultInjection(rawValue: 2)
  /// Timers are late, by up to two milliseconds.
  public static let lateTimers = FaultInjection(rawValue: 4)
  /// A process is killed.
  public static let kills = FaultInjection(rawValue: 8)
  /// A scheduler is stuck in a process for some milliseconds, and another stands in.
  public static let stuckSchedulers = FaultInjection(rawValue: 16)
  /// The system gives no memory for stacks.
  public static let failedAllocations = FaultInjection(rawValue: 32)
  /// A bounded mailbox is full when somebody sends, for a moment.
  public static let fullMailboxes = FaultInjection(rawValue: 64)

  /// Those that right programs do not notice.
  public static let harmless: FaultInjection = [.shortSlices, .spuriousWakes, .lateTimers, .stuckSchedulers]
}

/// Counts and makes the faults that may happen now, and says of some calls whether they meet with one.
protocol FaultInjector {
  func count(_ threads: VirtualThreads, continuing: VirtualThread?) -> Int
  func make(_ number: Int, _ threads: VirtualThreads, continuing: VirtualThread?)
  func lateness(_ decider: inout Decider) -> Int64
  func isFull(_ decider: inout Decider) -> Bool
}

/// No faults.
struct NoFaultInjector: FaultInjector {
  func count(_ threads: VirtualThreads, continuing: VirtualThread?) -> Int { 0 }
  func make(_ number: Int, _ threads: VirtualThreads, continuing: VirtualThread?) {}
  func lateness(_ decider: inout Decider) -> Int64 { 0 }
  func isFull(_ decider: inout Decider) -> Bool { false }
}

/// Those of some kinds.
struct RuntimeFaultInjector: FaultInjector {
  let kinds: FaultInjection
  let runtime: ProcessRuntime

  /// Those that happen between steps, in the order in which they are numbered.
  private static let order: [FaultInjection] = [.shortSlices, .stuckSchedulers, .spuriousWakes, .kills]

  private func possible(_ continuing: VirtualThread?) -> FaultInjection {
    let isInACall = continuing?.place == .call && continuing?.waitsOn == 0
    return isInACall ? kinds : kinds.subtracting([.shortSlices, .stuckSchedulers])
  }

  func count(_ threads: VirtualThreads, continuing: VirtualThread?) -> Int {
    let possible = possible(continuing)
    return RuntimeFaultInjector.order.count { possible.contains($0) }
  }

  func make(_ number: Int, _ threads: VirtualThreads, continuing: VirtualThread?) {
    let possible = possible(continuing)
    var left = number
    for fault in RuntimeFaultInjector.order where possible.contains(fault) {
      if left == 0 { return make(fault, threads, continuing) }
      left -= 1
    }
  }

  private func make(_ fault: FaultInjection, _ threads: VirtualThreads, _ continuing: VirtualThread?) {
    switch fault {
    case .shortSlices: continuing!.isToLeave = true
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
