// SPDX-License-Identifier: Apache-2.0
//
// Samples a runtime into a metrics backend, on a thread of its own: a backend is code of others that may wait, and a
// sample looks at every process.

#if Telemetry
  public import CoreMetrics
  import Dispatch
  public import Joist
  import Synchronization

  /// The recording of a runtime's figures into a metrics backend.
  ///
  /// Counters, with the dimensions in braces: `joist_spawned`, `joist_exits{reason}`, `joist_traps{signal}`,
  /// `joist_messages_sent`, `joist_messages_received`, `joist_dead_letters{cause}`,
  /// `joist_scheduler_seconds{scheduler,state}`, `joist_scheduler_slices{scheduler}`,
  /// `joist_scheduler_steals{scheduler}`, `joist_scheduler_migrations{scheduler}`, and one for each other counter of
  /// `RuntimeStatistics`, such as `joist_reductions` and `joist_full_collections`. They begin with what the runtime has
  /// counted since its start, and never go down: with a recording for each runtime that a program makes one after the
  /// other, they go on.
  ///
  /// Meters: `joist_processes{state}`, `joist_mailbox_longest`, `joist_memory_bytes{part}`,
  /// `joist_run_queue_length{scheduler,priority}`, `joist_scheduler_stuck{scheduler}`, `joist_slots_made` and
  /// `joist_slot_limit`. They are zero once the recording has stopped.
  ///
  /// Recorders: `joist_run_delay_seconds{priority}`, `joist_slice_seconds`, `joist_message_latency_seconds`,
  /// `joist_switch_seconds`, `joist_creation_seconds` and `joist_mailbox_length`. The runtime itself counts about one
  /// value of sixteen, and about a thousand of these at most are recorded at a sample. So they tell how values are
  /// distributed, and not how many there were.
  ///
  /// Keep the recording: it stops when it is released. It does not keep the runtime, and ends with it.
  public final class RuntimeMetrics: Sendable {
    /// The shortest interval: a sample costs up to some milliseconds, which is no more than some hundredths of it.
    private static let minInterval = Duration.milliseconds(100)
    /// The longest interval; no backend wants to wait longer, and a thread's wait has a bound.
    private static let maxInterval = Duration.seconds(3_600)

    private let sampler: MetricsSampler
    /// The thread, until it is joined.
    private let thread: Mutex<(any PlatformThread)?>

    /// Starts to record the figures of a runtime.
    ///
    /// Takes the first sample at once, on the thread that it starts.
    ///
    /// - Parameters:
    ///   - runtime: The runtime.
    ///   - interval: The time between two samples: at least a tenth of a second and at most an hour. It is longer while
    ///     samples take more than a twentieth of it, as in a runtime with millions of processes.
    ///   - dimensions: Dimensions that all series get, such as a name of the runtime if a program has several.
    ///   - factory: The metrics backend.
    /// - Throws: ``Joist/ResourceError`` if the system has no thread for it.
    public init(
      of runtime: ProcessRuntime,
      every interval: Duration = .seconds(5),
      dimensions: [(String, String)] = [],
      factory: any MetricsFactory = MetricsSystem.factory
    ) throws(ResourceError) {
      let bounded = min(max(interval, RuntimeMetrics.minInterval), RuntimeMetrics.maxInterval)
      let sampler = MetricsSampler(of: runtime, every: bounded)
      let maker = SeriesMaker(factory: factory, common: dimensions)
      let count = runtime.statistics.schedulers.count
      let started = try HostPlatform.shared.startThread(named: "joist-metrics") {
        sampler.run(RuntimeSeries(maker, schedulers: count))
      }
      thread = Mutex(started)
      self.sampler = sampler
    }

    /// Takes a last sample, sets the meters to zero, and ends the thread.
    ///
    /// Blocks the calling thread until that is done, unless a process calls it: then it returns at once. A second call
    /// does nothing.
    public func stop() {
      sampler.stop()
      guard !CurrentProcess.isHere, let thread = thread.withLock({ $0.take() }), !thread.isCurrent else { return }
      thread.join()
    }

    deinit { sampler.stop() }
  }
#endif
