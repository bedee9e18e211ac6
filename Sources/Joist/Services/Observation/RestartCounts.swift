// SPDX-License-Identifier: Apache-2.0
//
// How often each supervisor of a runtime has restarted children.

import Synchronization

/// The restarts of one runtime, by the names of supervisors.
final class RestartCounts: Sendable {
  /// The name under which supervisors without a name are counted, and that for those beyond the limit.
  private static let (unnamed, other) = ("unnamed", "other")

  private struct State {
    var byName: [NameKey: Int] = [:]
    var others = 0
  }

  private let state = Mutex(State())

  /// Counts a restart by the supervisor with this name.
  func add(_ name: String?) {
    let key = NameKey(name ?? Self.unnamed)
    var room: [NameKey: Int] = [:]
    while !count(key, &room) { room = Dictionary(minimumCapacity: Limits.countedSupervisors) }
  }

  /// Counts a restart; returns false if the table must have the room to do so.
  private func count(_ key: NameKey, _ room: inout [NameKey: Int]) -> Bool {
    state.withLock { state in
      if let count = state.byName[key] {
        state.byName[key] = count + 1
      } else if state.byName.count >= Limits.countedSupervisors {
        state.others += 1
      } else if state.byName.hasRoom(&room) {
        state.byName[key] = 1
      } else {
        return false
      }
      return true
    }
  }

  /// The number of restarts by name.
  var byName: [String: Int] {
    let (byName, others) = state.withLock { ($0.byName, $0.others) }
    let named = byName.map { ($0.key.name, $0.value) }
    return Dictionary(named + (others > 0 ? [(Self.other, others)] : []), uniquingKeysWith: +)
  }
}

extension ProcessContext where Message: ~Copyable {
  /// Counts a restart by this process, which is a supervisor.
  package func noteRestart() {
    core.it.counters.restarts.add()
    core.it.restarts.add(core.it.names.name(of: id) ?? record.servicesIfAny?.it.child?.name)
  }
}
