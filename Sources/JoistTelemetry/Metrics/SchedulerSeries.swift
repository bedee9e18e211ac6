// SPDX-License-Identifier: Apache-2.0
//
// The series of one scheduler, which have its number as a dimension.

#if Telemetry
  import CoreMetrics
  import Joist

  /// The series of one scheduler.
  struct SchedulerSeries {
    private var time: [SecondsSeries]
    private var slices, steals, migrations: CounterSeries
    private let queueLengths: [Meter]
    private let isStuck: Meter

    init(_ maker: SeriesMaker, index: Int) {
      let dimension = ("scheduler", "\(index)")
      time = SchedulerActivity.allCases.map {
        maker.seconds("joist_scheduler_seconds", [dimension, ("state", "\($0)")])
      }
      slices = maker.counter("joist_scheduler_slices", [dimension])
      steals = maker.counter("joist_scheduler_steals", [dimension])
      migrations = maker.counter("joist_scheduler_migrations", [dimension])
      queueLengths = Priority.allCases.map {
        maker.gauge("joist_run_queue_length", [dimension, ("level", "\($0)")])
      }
      isStuck = maker.gauge("joist_scheduler_stuck", [dimension])
    }

    /// Brings the series up to what the scheduler's statistics say.
    mutating func follow(_ scheduler: SchedulerStatistics) {
      for (index, activity) in SchedulerActivity.allCases.enumerated() {
        if let total = scheduler.time[activity] { time[index].follow(total) }
      }
      slices.follow(scheduler.slices)
      steals.follow(scheduler.steals)
      migrations.follow(scheduler.migrationsIn)
      for (index, queue) in scheduler.queues.enumerated() { queueLengths[index].set(queue.length) }
      isStuck.set(scheduler.isStuck ? 1 : 0)
    }

    /// Sets all gauges to zero.
    func end() { for gauge in queueLengths + [isStuck] { gauge.set(0) } }
  }
#endif
