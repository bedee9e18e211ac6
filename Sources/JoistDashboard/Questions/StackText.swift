// SPDX-License-Identifier: Apache-2.0
//
// The stacks of all processes as a text that people read.

#if Dashboard
  import JoistObservation

  extension Question where Value == [UInt8] {
    static func stackText(limit: Int) -> Question {
      Question(key: "stack text \(limit)") { (Array(text(of: try $0.stacks(limit: limit)).utf8), nil) }
    }

    /// Returns groups of processes with equal stacks, the largest first, a blank line between them.
    private static func text(of groups: [StackGroup]) -> String {
      groups.map { group in
        let wait = group.longestWaitNanoseconds / 1_000_000
        let head = "\(group.count) × \(group.state), longest wait \(wait) ms: \(group.examples.joined(separator: ", "))"
        return ([head] + group.stack.map { "    \(line(of: $0))" }).joined(separator: "\n") + "\n"
      }.joined(separator: "\n")
    }

    private static func line(of frame: StackFrame) -> String {
      let name = frame.function ?? "0x" + String(frame.address, radix: 16)
      guard let file = frame.file else { return frame.image.map { "\(name) in \($0)" } ?? name }
      return "\(name) at \(file)" + (frame.line.map { ":\($0)" } ?? "")
    }
  }
#endif
