// SPDX-License-Identifier: Apache-2.0
//
// A connection: it reads lines, answers each, and has two bugs. The socket that it uses belongs to the SocketOwner,
// which closes it.

import Joist

/// The dialogue with one client, in a process of its own.
struct Conversation {
  private static let help = "commands: echo TEXT, count, who, boom, overflow, quit"
  /// The maximum number of bytes without the end of a line.
  private static let longestLine = 64 << 10

  private let socket: Socket
  private let owner: ProcessRef<SocketOwner.Message>
  private var unread: ArraySlice<UInt8> = []
  private var lines = 0

  init(over socket: Socket, owner: ProcessRef<SocketOwner.Message>) {
    self.socket = socket
    self.owner = owner
  }

  /// Answers lines until the client quits or disconnects.
  mutating func run(_ process: ProcessContext<Never>) throws {
    do {
      while let line = try nextLine(process) {
        lines += 1
        try process.reduce(100)  // so that a client that sends without a pause does not monopolize its scheduler
        guard let answer = try answer(to: line, process) else { return }
        try write(answer, process)
      }
    } catch is SocketError {
      return  // the client is gone
    }
  }

  /// Returns the answer to a line; nil for `quit`.
  private func answer(to line: String, _ process: ProcessContext<Never>) throws -> String? {
    let words = line.split(separator: " ", maxSplits: 1)
    switch words.first {
    case "echo": return words.count > 1 ? String(words[1]) : ""
    case "count": return "\(lines)"
    case "who":
      let standing = try process.call(owner) { .standing($0) }
      return "\(standing.open) open, \(standing.trapped) trapped"
    case "boom": return String(words[words.count])  // the first bug: the index is one past the last word
    case "overflow": return "\(path(through: [1, 2, 0], from: 0))"
    case "quit": return nil
    default: return Conversation.help
    }
  }

  /// Returns the indices of a chain up to its end, which is a negative index.
  ///
  /// The second bug: the chain that `overflow` passes is a cycle, so the recursion never ends and overflows the stack.
  private func path(through next: [Int], from index: Int) -> [Int] {
    if index < 0 { return [] }
    let rest = path(through: next, from: next[index])
    return [index] + rest
  }

  /// Returns the next line without its end; nil if the client has closed the connection or its line is too long.
  private mutating func nextLine(_ process: ProcessContext<Never>) throws -> String? {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        let line = unread[..<end]
        unread = unread[(end + 1)...]
        return String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
      }
      guard unread.count <= Conversation.longestLine else { return nil }
      if let bytes = try socket.read() {
        if bytes.isEmpty { return nil }
        unread += bytes
      } else {
        _ = try process.waitReadable(socket.descriptor)
      }
    }
  }

  private func write(_ line: String, _ process: ProcessContext<Never>) throws {
    var rest = Array("\(line)\n".utf8)[...]
    while !rest.isEmpty {
      if let count = try socket.write(rest) {
        rest = rest.dropFirst(count)
      } else {
        _ = try process.waitWritable(socket.descriptor)
      }
    }
  }
}
