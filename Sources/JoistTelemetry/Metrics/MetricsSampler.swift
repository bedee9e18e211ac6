// SPDX-License-Identifier: Apache-2.0
//
// The loop of the thread that samples a runtime. It has the runtime only while it takes a sample, so that dropping the
// last reference to a runtime still ends it.

#if Telemetry
  import Dispatch
  import Joist
  import Synchronization

  /// The loop that samples one runtime, and the signal that ends it.
  final class MetricsSampler: Sendable {
    /// The smallest ratio of a pause to the sample before it: sampling takes at most a twentieth of a core.
    private static let pauseRatio = 20
    /// The longest pause that a slow sample causes, in case that the whole program was stopped meanwhile.
    private static let maxPause = Duration.seconds(60)

    private struct Target: Sendable { weak var runtime: ProcessRuntime? }

    private let target: Mutex<Target>
    private let interval: Duration
    private let isStopped = Atomic<Bool>(false)
    private let wake = DispatchSemaphore(value: 0)

    init(of runtime: ProcessRuntime, every interval: Duration) {
      target = Mutex(Target(runtime: runtime))
      self.interval = interval
    }

    /// Asks the loop to end; does not wait for that.
    // Ordering: releasing pairs with the loop's load, so that its last sample has what the caller did before.
    func stop() {
      isStopped.store(true, ordering: .releasing)
      wake.signal()
    }

    /// Samples until `stop`, once more after it, or until the runtime is gone.
    func run(_ series: consuming RuntimeSeries) {
      var series = series
      while true {
        let isLast = isStopped.load(ordering: .acquiring)
        guard let cost = sample(&series), !isLast else { break }
        let pause = max(interval, min(cost * MetricsSampler.pauseRatio, MetricsSampler.maxPause))
        _ = wake.wait(timeout: .now() + .milliseconds(Int(pause / .milliseconds(1))))
      }
      series.end()
    }

    /// Takes a sample and returns the time that it took; returns nil if the runtime is gone.
    private func sample(_ series: inout RuntimeSeries) -> Duration? {
      guard let runtime = target.withLock({ $0.runtime }) else { return nil }
      let start = SuspendingClock.now
      series.follow(runtime)
      return SuspendingClock.now - start
    }
  }
#endif
