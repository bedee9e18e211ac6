// SPDX-License-Identifier: Apache-2.0
//
// The names in a recording: those of the processes that occur in it and have one, and those of marks.

extension Handle<RuntimeCore> {
  /// Returns the lines with the names that the entries refer to.
  func namesOfRecording(_ rings: [[RecorderEntry]]) -> String {
    // Order: the first set is only asked, and the second is sorted.
    var processes: Set<UInt64> = []
    // Order: as above.
    var marks: Set<UInt64> = []
    for entry in rings.joined() {
      switch entry.kind {
      case .mark, .intervalBegan, .intervalEnded: marks.insert(entry.payload)
      case let kind? where kind.namesProcess: processes.insert(entry.payload)
      default: break
      }
    }
    var lines = ""
    for (id, name) in it.names.processes where processes.contains(id.bits) {
      lines += "process \(id.bits) \(name)\n"
    }
    for address in marks.sorted() { lines += "mark \(address) \(MarkName.text(at: address))\n" }
    return lines
  }
}
