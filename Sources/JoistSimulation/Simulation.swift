// SPDX-License-Identifier: Apache-2.0
//
// A runtime on simulated threads and simulated time. It runs the same code as on real threads, and the same seed gives
// the same run.

public import Joist

/// A runtime whose threads and time are simulated.
///
/// A simulation makes progress only inside ``run()``, ``settle()``, ``advance(by:)`` and ``go(until:within:)``. These
/// throw a ``SimulationFailure`` when a rule of the runtime is broken. The same seed gives the same run, whatever else
/// the machine does. Use a simulation from one thread.
public final class Simulation {
  /// The seed of the run.
  public let seed: UInt64
  /// The runtime, on which you can spawn processes, send to them and read statistics.
  public let runtime: ProcessRuntime
  let platform: SimulatedPlatform
  let carrier: CarrierThread
  private let ownsCarrier: Bool
  private let startTime: Int64
  private var watch: RuleWatch
  private var record: Timeline?
  private var isOver = false

  /// Creates a simulation and its runtime.
  ///
  /// Descriptors and `async` callers are not simulated.
  ///
  /// - Parameters:
  ///   - seed: The seed of the run. By default that of the trait `.simulated` on the test, or 0.
  ///   - schedulers: The number of schedulers; it replaces that of `configuration`.
  ///   - configuration: The configuration of the runtime.
  ///   - strategy: The strategy that chooses among threads and faults. By default the trait's, or ``Strategy/random``.
  ///   - faults: The kinds of faults to inject. By default the trait's, or none.
  /// - Throws: What `ProcessRuntime.init` throws.
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
    let current = CarrierThread.current
    carrier = current ?? CarrierThread.take()
    ownsCarrier = current == nil
    let strategy = strategy?.make(self.seed) ?? plan.makeStrategy()
    platform = SimulatedPlatform(carrier: carrier, seed: self.seed, decider: Decider(strategy), faults: kinds)
    var configuration = configuration
    configuration.schedulers = schedulers
    runtime = try ProcessRuntime(configuration, platform: platform)
    startTime = platform.now()
    watch = RuleWatch(runtime)
    let threads = platform.threads
    threads.maxSteps = plan.maxSteps
    threads.isFine = plan.isFine
    if !kinds.isEmpty { threads.faults = RuntimeFaultInjector(kinds: kinds, runtime: runtime) }
    if plan.recordsTimeline { record = Timeline(runtime, threads) }
    threads.afterStep = { [unowned self] in checkRules(after: $0) }
    threads.atRest = { [unowned self] in checkRulesAtRest() }
    plan.made(self)
  }

  deinit { if ownsCarrier { carrier.giveBack() } }

  // MARK: Progress

  /// Runs until the runtime is idle and every thread started by ``thread(_:_:)`` has ended.
  ///
  /// Simulated time passes as needed.
  ///
  /// - Throws: A ``SimulationFailure`` when a rule of the runtime is broken or when nothing can run any more.
  public func run() throws(SimulationFailure) {
    let end = drive(until: { [runtime, platform] in runtime.isIdleNow && platform.threads.haveExtrasEnded })
    if end == .rest { platform.threads.fail("nothing can run any more: \(waiting)") }
    try check()
  }

  /// Runs until nothing more can happen without simulated time passing.
  ///
  /// - Throws: A ``SimulationFailure`` when a rule of the runtime is broken.
  public func settle() throws(SimulationFailure) {
    try go(until: { false }, within: .zero)
  }

  /// Runs for a duration of simulated time.
  ///
  /// - Throws: A ``SimulationFailure`` when a rule of the runtime is broken.
  public func advance(by duration: Duration) throws(SimulationFailure) {
    try go(until: { false }, within: duration)
  }

  /// Runs until a condition holds, for at most a duration of simulated time.
  ///
  /// - Parameters:
  ///   - isDone: The condition. It is evaluated before each step.
  ///   - duration: The limit. With zero, the simulation runs until nothing more can happen without time passing.
  /// - Returns: Whether the condition held.
  /// - Throws: A ``SimulationFailure`` when a rule of the runtime is broken.
  @discardableResult
  public func go(until isDone: () -> Bool, within duration: Duration) throws(SimulationFailure) -> Bool {
    let passesTime = duration > .zero
    let deadline = passesTime ? platform.deadline(after: duration) : nil
    let end = drive(until: isDone, before: deadline, passingTime: passesTime)
    try check()
    return end == .done
  }

  /// Starts a simulated thread that is not a process.
  ///
  /// The body may send, call and wait, as a thread outside the runtime may. It runs once the simulation makes progress.
  public func thread(_ name: String = "thread", _ body: @escaping @Sendable () -> Void) {
    platform.threads.start(name, body).isExtra = true
  }

  /// Shuts the runtime down and checks that no process and no thread has outlived it.
  ///
  /// Does nothing if the simulation is already over.
  ///
  /// - Throws: A ``SimulationFailure`` when a rule of the runtime is broken or something is left.
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
    let counters = runtime.statistics
    if counters.processesCreated != counters.processesEnded {
      platform.threads.fail("\(counters.processesCreated) processes were created, but \(counters.processesEnded) ended")
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

  // MARK: Inspection

  /// The simulated time that has passed since the simulation was created.
  public var elapsed: Duration { .nanoseconds(platform.now() - startTime) }

  /// The number of steps that threads have taken so far.
  public var steps: Int { platform.threads.steps }

  /// The choices made so far.
  public var schedule: Schedule { platform.threads.decider.schedule.trimmed }

  /// The changes of processes so far, one a line; empty unless the run is recorded.
  public var timeline: String { record?.text ?? "" }

  /// A description of the waiting processes and what they wait for.
  public var waiting: String { runtime.waitingNow }

  /// The virtual threads, by which tests see whether they are freed with the simulation.
  package var threads: AnyObject { platform.threads }

  /// Calls a closure after each step, before the rules are checked.
  func afterEachStep(_ body: @escaping () -> Void) {
    platform.threads.afterStep = { [unowned self] thread in
      body()
      checkRules(after: thread)
    }
  }

  private func checkRules(after thread: VirtualThread) {
    record?.note(thread)
    if platform.threads.isAnyBetweenCalls { return }
    if let broken = watch.brokenRule() { platform.threads.fail(broken) }
  }

  private func checkRulesAtRest() {
    if platform.threads.all.contains(where: { $0.stuckUntil > platform.now() }) { return }
    if let broken = watch.brokenRuleAtRest() { platform.threads.fail(broken) }
  }

  private func check() throws(SimulationFailure) {
    guard let reason = platform.threads.failure else { return }
    isOver = true
    throw SimulationFailure(reason: reason, seed: seed, schedule: schedule, timeline: timeline)
  }
}

/// The failure of a simulated run.
public struct SimulationFailure: Error, CustomStringConvertible, Sendable {
  /// What is wrong: the number of the broken rule, if it is one, and the evidence.
  public let reason: String
  /// The seed of the run.
  public let seed: UInt64
  /// The choices made in the run.
  public let schedule: Schedule
  /// The changes of processes in the run; empty unless the run was recorded.
  public let timeline: String

  /// The reason and the seed in one sentence.
  public var description: String { "with seed \(seed): \(reason)" }
}

extension ProcessRuntime.Configuration {
  /// A configuration with few processes and stacks, short slices and quick ageing, so that rare events happen soon.
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
