// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong in a simulation, or merely happens: kinds that a run may have, and when a strategy says so they do.

import Joist

/// Kinds of faults that a simulation may bring about.
public struct Faults: OptionSet, Sendable, Hashable {
  /// A bit for each kind.
  public let rawValue: Int
  /// Of those bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// A process's slice ends early.
  public static let shortSlices = Faults(rawValue: 1)
  /// A thread's sleep ends for no reason.
  public static let spuriousWakes = Faults(rawValue: 2)
  /// Timers are late, by up to two milliseconds.
  public static let lateTimers = Faults(rawValue: 4)
  /// A process is killed.
  public static let kills = Faults(rawValue: 8)
  /// A scheduler is stuck in a process for some milliseconds, and another stands in.
  public static let stuckSchedulers = Faults(rawValue: 16)
  /// The system gives no memory for stacks.
  public static let failedAllocations = Faults(rawValue: 32)

  /// Those that right programs do not notice.
  public static let harmless: Faults = [.shortSlices, .spuriousWakes, .lateTimers, .stuckSchedulers]
}

/// Counts and makes the faults that may happen now.
protocol FaultMaker {
  func count(_ threads: VirtualThreads, continuing: VirtualThread?) -> Int
  func make(_ number: Int, _ threads: VirtualThreads, continuing: VirtualThread?)
  func lateness(_ decider: inout Decider) -> Int64
}

/// No faults.
struct NoFaults: FaultMaker {
  func count(_ threads: VirtualThreads, continuing: VirtualThread?) -> Int { 0 }
  func make(_ number: Int, _ threads: VirtualThreads, continuing: VirtualThread?) {}
  func lateness(_ decider: inout Decider) -> Int64 { 0 }
}

/// Those of some kinds.
struct RuntimeFaults: FaultMaker {
  let kinds: Faults
  let runtime: ProcessRuntime

  private enum Fault { case shortSlice, spuriousWake, kill, stuck }

  private func possible(_ threads: VirtualThreads, _ continuing: VirtualThread?) -> [Fault] {
    var possible: [Fault] = []
    if continuing?.place == .call, continuing?.waitsOn == 0 {
      if kinds.contains(.shortSlices) { possible.append(.shortSlice) }
      if kinds.contains(.stuckSchedulers) { possible.append(.stuck) }
    }
    if kinds.contains(.spuriousWakes) { possible.append(.spuriousWake) }
    if kinds.contains(.kills) { possible.append(.kill) }
    return possible
  }

  func count(_ threads: VirtualThreads, continuing: VirtualThread?) -> Int {
    possible(threads, continuing).count
  }

  func make(_ number: Int, _ threads: VirtualThreads, continuing: VirtualThread?) {
    switch possible(threads, continuing)[number] {
    case .shortSlice: continuing!.isToLeave = true
    case .stuck: continuing!.stuckUntil = threads.now + 12_000_000
    case .spuriousWake:
      let sleepers = threads.all.filter { $0.waitsOn != 0 && !$0.hasEnded }
      if !sleepers.isEmpty { threads.wakeForNothing(sleepers[threads.decider.draw(sleepers.count)]) }
    case .kill:
      let live = runtime.processes.count
      if live > 0 { runtime.killLive(threads.decider.draw(live)) }
    }
  }

  func lateness(_ decider: inout Decider) -> Int64 {
    kinds.contains(.lateTimers) ? [0, 1_000, 100_000, 2_000_000][decider.draw(4)] : 0
  }
}
