// SPDX-License-Identifier: Apache-2.0
//
// A runtime on simulated threads and time: the same code, one seed, the same run.

public import Joist

/// A runtime whose threads and time are simulated.
///
/// Nothing goes on by itself: ``run()``, ``settle()`` and ``advance(by:)`` have it go on, and throw when a rule of
/// the runtime does not hold. The same seed gives the same run, whatever the machine does meanwhile. Use it from one
/// thread.
public final class Simulation {
  /// Where chance begins.
  public let seed: UInt64
  /// The runtime: spawn on it, send to its processes, ask for its statistics.
  public let runtime: ProcessRuntime
  let platform: SimulatedPlatform
  let carrier: CarrierThread
  private let ownsCarrier: Bool
  private let begin: Int64
  private var watch: RuleWatch
  private var record: Timeline?
  private var isOver = false

  /// A runtime with so many schedulers.
  ///
  /// In a test with the trait `.simulated`, seed, strategy and faults are the trait's unless they are given here.
  /// Throws what `ProcessRuntime.init` does. Descriptors and `async` callers are not simulated.
  public init(
    seed: UInt64? = nil,
    schedulers: Int = 2,
    configuration: ProcessRuntime.Configuration = .simulated,
    strategy: Strategy? = nil,
    faults: FaultInjection? = nil
  ) throws {
    let plan = Plan.current ?? Plan(seed: seed ?? 0)
    self.seed = seed ?? plan.seed
    let kinds = faults ?? plan.faults
    let here = CarrierThread.here
    carrier = here ?? CarrierThread.take()
    ownsCarrier = here == nil
    let strategy = strategy?.make(self.seed) ?? plan.makeStrategy()
    platform = SimulatedPlatform(carrier: carrier, seed: self.seed, decider: Decider(strategy), faults: kinds)
    var configuration = configuration
    configuration.schedulers = schedulers
    runtime = try ProcessRuntime(configuration, platform: platform)
    begin = platform.now()
    watch = RuleWatch(runtime)
    let threads = platform.threads
    threads.maxSteps = plan.maxSteps
    threads.isFine = plan.isFine
    if !kinds.isEmpty { threads.faults = RuntimeFaultInjector(kinds: kinds, runtime: runtime) }
    if plan.recordsTimeline { record = Timeline(runtime, threads) }
    threads.afterStep = { [unowned self] in look(after: $0) }
    threads.atRest = { [unowned self] in lookAtRest() }
    plan.made(self)
  }

  deinit { if ownsCarrier { carrier.giveBack() } }

  // MARK: Going on

  /// Goes on until the runtime is idle and every thread of the simulation has ended; time passes as it has to.
  public func run() throws(SimulationFailure) {
    let end = drive(until: { [runtime, platform] in runtime.isIdleNow && platform.threads.haveExtrasEnded })
    if end == .rest { platform.threads.fail("nothing goes on any more: \(waiting)") }
    try check()
  }

  /// Goes on until nothing more happens at this time.
  public func settle() throws(SimulationFailure) {
    try go(until: { false }, within: .zero)
  }

  /// Goes on for so long.
  public func advance(by duration: Duration) throws(SimulationFailure) {
    try go(until: { false }, within: duration)
  }

  /// Goes on until something is so, for so long at most; whether it is so then.
  ///
  /// For no time at all: until nothing more happens at this time.
  @discardableResult
  public func go(until isDone: () -> Bool, within duration: Duration) throws(SimulationFailure) -> Bool {
    let passesTime = duration > .zero
    let deadline = passesTime ? platform.deadline(after: duration) : nil
    let end = drive(until: isDone, before: deadline, passingTime: passesTime)
    try check()
    return end == .done
  }

  /// Has a thread that is no process run something, as simulated as the schedulers: it may call and wait.
  public func thread(_ name: String = "thread", _ body: @escaping @Sendable () -> Void) {
    platform.threads.start(name, body).isExtra = true
  }

  /// Shuts the runtime down; whatever was made must be gone then.
  public func finish() throws(SimulationFailure) {
    if isOver { return }
    isOver = true
    platform.threads.faults = NoFaultInjector()
    var survivors: [ProcessID] = []
    let thread = platform.threads.start("shutdown") { [runtime] in survivors = runtime.shutdown() }
    _ = drive(until: { thread.hasEnded })
    try check()
    if !survivors.isEmpty { platform.threads.fail("processes outlived the runtime: \(survivors)") }
    let left = platform.threads.all.filter { !$0.hasEnded }.map(\.name)
    if !left.isEmpty { platform.threads.fail("threads outlived the runtime: \(left)") }
    let figures = runtime.statistics
    if figures.processesCreated != figures.processesEnded {
      platform.threads.fail("\(figures.processesCreated) processes were made and \(figures.processesEnded) ended")
    }
    try check()
  }

  private func drive(
    until isDone: () -> Bool,
    before deadline: Int64? = nil,
    passingTime: Bool = true
  ) -> VirtualThreads.End {
    var end = VirtualThreads.End.failed
    carrier.perform { end = platform.threads.drive(until: isDone, before: deadline, passingTime: passingTime) }
    return end
  }

  // MARK: Looking

  /// How long it has gone on, on its own clock.
  public var elapsed: Duration { .nanoseconds(platform.now() - begin) }

  /// Steps of threads so far.
  public var steps: Int { platform.threads.steps }

  /// What was chosen so far.
  public var schedule: Schedule { platform.threads.decider.schedule.trimmed }

  /// What has happened, a line each; empty unless it is recorded.
  public var timeline: String { record?.text ?? "" }

  /// Processes that wait, and for what.
  public var waiting: String { runtime.waitingNow }

  /// What it runs on, to see whether it goes when the simulation does.
  package var threads: AnyObject { platform.threads }

  /// Has something done after each step, before the rules are looked at.
  func afterEachStep(_ body: @escaping () -> Void) {
    platform.threads.afterStep = { [unowned self] thread in
      body()
      look(after: thread)
    }
  }

  private func look(after thread: VirtualThread) {
    record?.note(thread)
    if platform.threads.isAnyBetweenCalls { return }
    if let broken = watch.brokenRule() { platform.threads.fail(broken) }
  }

  private func lookAtRest() {
    if platform.threads.all.contains(where: { $0.stuckUntil > platform.now() }) { return }
    if let broken = watch.brokenRuleAtRest() { platform.threads.fail(broken) }
  }

  private func check() throws(SimulationFailure) {
    guard let reason = platform.threads.failure else { return }
    isOver = true
    throw SimulationFailure(reason: reason, seed: seed, schedule: schedule, timeline: timeline)
  }
}

/// A simulation in which something was wrong.
public struct SimulationFailure: Error, CustomStringConvertible, Sendable {
  /// What: the number of the runtime's rule, and what it is seen by.
  public let reason: String
  /// The seed of the run.
  public let seed: UInt64
  /// What was chosen in it.
  public let schedule: Schedule
  /// What happened; empty unless it was recorded.
  public let timeline: String

  /// One sentence, with the seed.
  public var description: String { "with seed \(seed): \(reason)" }
}

extension ProcessRuntime.Configuration {
  /// Few processes and stacks, short slices and quick ageing: what is rare happens soon.
  public static var simulated: ProcessRuntime.Configuration {
    ProcessRuntime.Configuration(
      processLimit: 4_096,
      slots: 8,
      slotBytes: 128 << 10,
      reductionsPerSlice: 200,
      ageing: 16,
      spareSchedulers: 4
    )
  }
}
