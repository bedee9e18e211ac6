// SPDX-License-Identifier: Apache-2.0
//
// What Scripts/core needs to find the processes in a core file.

import CJoist

extension Handle<RuntimeCore> {
  // Sound: the text is copied during the call.
  /// Notes for debuggers where the records of this core are, which stay there (R4).
  func noteForDebuggers() {
    var lines = ["record \(ProcessTable.recordBytes)", "started \(ProcessFlags.started.rawValue)"]
    lines += it.table[0].shown.map { "\($0.name) \($0.at)" }
    lines += ProcessState.allCases.map { "state.\($0.rawValue) \($0)" }
    lines += WaitReason.allCases.map { "wait.\($0.rawValue) \($0)" }
    unsafe joist_core_add(lines.joined(separator: "\n"), it.table[0].bits, it.table.usedPlace)
  }
}
