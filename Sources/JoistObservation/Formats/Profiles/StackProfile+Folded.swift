// SPDX-License-Identifier: Apache-2.0
//
// Folded stacks: a line for each stack, which tools that draw flame graphs read.

extension StackProfile {
  /// Returns the profile as folded stacks, for speedscope, inferno and others.
  ///
  /// A line has the functions of a stack, the outermost first and parted by `;`, then a space and the sum of the values
  /// of all samples with that stack. The lines are sorted. A `;` within a name becomes a comma, a line break a space.
  /// Samples without a positive value are left out.
  public func foldedStacks() -> String {
    let names = frames.map { frame in
      EscapedText.line(String(frame.label.map { $0 == ";" ? "," : $0 }))
    }
    var values: [String: Int64] = [:]
    for sample in samples where sample.value > 0 {
      let stack = sample.stack.reversed().map { names[Int($0)] }
      let line = stack.isEmpty ? "(no stack)" : stack.joined(separator: ";")
      values[line, default: 0] += sample.value
    }
    return values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
  }
}
