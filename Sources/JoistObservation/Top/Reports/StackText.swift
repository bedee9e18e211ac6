// SPDX-License-Identifier: Apache-2.0
//
// Stacks and groups of stacks as lines of text.

extension StackFrame {
  /// The function, or else the address, and the file and line as far as they are known.
  package var place: String {
    let function = function ?? "0x" + String(address, radix: 16)
    guard let file else { return image.map { "\(function) in \($0)" } ?? function }
    // The last part of the path is enough to find the file, and keeps the line short.
    let name = file.split(separator: "/").last.map(String.init) ?? file
    return "\(function) at \(name)\(line.map { ":\($0)" } ?? "")"
  }
}

extension StackGroup {
  /// The group as lines: how many processes it has and what they do, a few of them, and their stack.
  package var lines: [ScreenLine] {
    var title = ScreenLine(FigureText.count(count), .strong, columns: 6)
    title.add(count == 1 ? "  process    " : "  processes  ")
    title.add(state, .notice)
    if longestWaitNanoseconds > 0 { title.add("  at most \(FigureText.duration(longestWaitNanoseconds))", .dim) }
    if !examples.isEmpty { title.add("  \(examples.joined(separator: " "))", .dim) }
    return [title] + stack.map { ScreenLine("          \($0.place)") }
  }
}

extension ScreenLine {
  fileprivate init(_ text: String, _ role: TextRole, columns: Int) {
    self.init()
    add(text, role, in: columns, onTheRight: true)
  }
}
