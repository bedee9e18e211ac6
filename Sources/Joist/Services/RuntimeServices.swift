// SPDX-License-Identifier: Apache-2.0
//
// The state of the services for one runtime. Its address stays the same for the core's life (J1), because a thread may
// look up the reports of a dead process's runtime at any time.

/// The services of one runtime.
struct RuntimeServices: ~Copyable {
  var names = Names()
  /// The same object for every runtime of the core.
  let reports = Reports()
  var descriptors = DescriptorPoller()
  var deadlocks = DeadlockWatch()
  var restarts = RestartCounts()
  var taskCrashes: (any TaskCrashHandler)?
  /// Used by the watchdog's thread alone.
  var alarms = AlarmWatch()
}

extension Handle<RuntimeServices> {
  /// Resets the services for the core's next runtime, except for the reports.
  fileprivate func renew() {
    it.names = Names()
    it.descriptors = DescriptorPoller()
    it.deadlocks = DeadlockWatch()
    it.restarts = RestartCounts()
    it.taskCrashes = nil
    it.alarms = AlarmWatch()
  }
}

/// Returns the address of a new core's services, or of those that `core` had, renewed.
func makeServices(from core: Handle<RuntimeCore>?) -> UInt {
  guard let core else { return Handle<RuntimeServices>.allocate(RuntimeServices()).bits }
  Handle<RuntimeServices>(address: core.it.servicesAddress).renew()
  return core.it.servicesAddress
}

extension Handle<RuntimeCore> {
  /// Compares the figures of alarms with their thresholds; called by the watchdog, also before it rests.
  func lookAtAlarms(now: Int64, isLast: Bool = false) {
    let services = Handle<RuntimeServices>(address: it.servicesAddress)
    services.it.alarms.look(self, now: now, slices: it.watchdogRounds.longSlices(self, now: now), isLast: isLast)
  }
}

extension RuntimeCore {
  // Sound: the address is that of the core's services, which are never freed.
  private var services: Handle<RuntimeServices> { Handle(address: servicesAddress) }

  /// The names of its processes.
  var names: Names { services.it.names }
  /// The reports of its processes.
  var reports: Reports { services.it.reports }
  /// The circles of waits that may end by themselves.
  var deadlocks: DeadlockWatch { services.it.deadlocks }
  /// The restarts by its supervisors.
  var restarts: RestartCounts { services.it.restarts }
  /// What is told of crashes of Swift tasks.
  var taskCrashes: (any TaskCrashHandler)? { services.it.taskCrashes }
  func setTaskCrashes(_ handler: any TaskCrashHandler) { services.it.taskCrashes = handler }
  /// The waits for file descriptors.
  var descriptors: DescriptorPoller { services.it.descriptors }
}
