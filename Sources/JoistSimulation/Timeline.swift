// SPDX-License-Identifier: Apache-2.0
//
// What happened in a simulation, as a person reads it: a line for each thing that changed in a step.

import Joist

/// Notes what has changed after each step.
final class Timeline {
  private let runtime: ProcessRuntime
  private let threads: VirtualThreads
  private let begin: Int64
  private var lines: [String] = []
  private var seen: [ProcessID: ProcessSight] = [:]
  private var numbers: [ProcessID: Int] = [:]
  /// Whom the last line was about.
  private var last = ""

  init(_ runtime: ProcessRuntime, _ threads: VirtualThreads) {
    self.runtime = runtime
    self.threads = threads
    begin = threads.now
  }

  var text: String { lines.joined(separator: "\n") }

  /// A thread has taken a step.
  func note(_ thread: VirtualThread) {
    let now = runtime.sights
    for sight in now where seen[sight.id] != sight {
      say(thread, what(sight, before: seen[sight.id]))
      seen[sight.id] = sight
    }
    let live = Set(now.map(\.id))
    for id in seen.keys.filter({ !live.contains($0) }).sorted() {
      seen[id] = nil
      say(thread, "\(name(id)) has ended")
    }
  }

  private func what(_ sight: ProcessSight, before: ProcessSight?) -> String {
    let mail = sight.unread == 0 ? "" : ", \(sight.unread) unread"
    guard let before else { return "\(name(sight.id)) is made" }
    if before.state == sight.state && before.waits == sight.waits {
      return "\(name(sight.id)) is \(sight.state)\(mail)"
    }
    let why = sight.waits.map { " (\($0))" } ?? ""
    return "\(name(sight.id)) is \(sight.state)\(why)\(mail)"
  }

  /// Processes are numbered as they are seen, for ids differ from run to run.
  private func name(_ id: ProcessID) -> String {
    if let number = numbers[id] { return "process \(number)" }
    numbers[id] = numbers.count + 1
    return "process \(numbers.count)"
  }

  private func say(_ thread: VirtualThread, _ what: String) {
    let microseconds = (threads.now - begin) / 100
    let time = "\(microseconds / 10).\(microseconds % 10)"
    let padded = String(repeating: " ", count: max(0, 10 - time.count)) + time
    let name = thread.name.hasPrefix("joist-") ? String(thread.name.dropFirst(6)) : thread.name
    lines.append("\(padded) µs  \(name.padded(to: 10))  \(what)")
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
