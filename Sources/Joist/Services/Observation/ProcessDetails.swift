// SPDX-License-Identifier: Apache-2.0
//
// What only the thread that has a process may read: its memory, monitors and counts of waits. A thread that claims a
// parked process (E2) has it alone: it reads everything, and parks the process again as it was. Of a process that runs,
// or is about to, only what others may read is known.

import Synchronization

/// What is read of a process while a thread has it.
struct ProcessDetails {
  var memory: ProcessMemory
  var monitors: [ProcessID] = []
  var child: Report.Child?
  /// The waits by reason; nil if only the process itself may read them.
  var waits: WaitCounts?
}

extension ProcessHandle {
  /// Reads the details of the process now.
  func measure() -> ProcessDetails {
    guard it.inbox.claim() else { return ProcessDetails(memory: estimatedMemory) }
    let details = ProcessDetails(
      memory: measuredMemory,
      monitors: servicesIfAny?.it.monitors.processes ?? [],
      child: servicesIfAny?.it.child,
      waits: waitCounts
    )
    release()
    return details
  }

  /// The processes that it is linked to.
  var linkedProcesses: [ProcessID] {
    guard let services = servicesIfAny else { return [] }
    var found: [ProcessID] = []
    while true {
      services.it.lock.lock()
      let count = services.it.links.count
      let fits = found.capacity >= count
      if fits { services.it.links.each { found.append($1.id) } }
      services.it.lock.unlock()
      if fits { return found }
      found.reserveCapacity(2 * count)
    }
  }
}
