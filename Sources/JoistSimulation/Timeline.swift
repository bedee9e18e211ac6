// SPDX-License-Identifier: Apache-2.0
//
// A readable account of a simulated run: one line for each process that a step changed.

import Joist

/// Records after each step which processes have changed.
final class Timeline {
  private let runtime: ProcessRuntime
  private let threads: VirtualThreads
  private let startTime: Int64
  private var lines: [String] = []
  private var seen: [ProcessID: ProcessSight] = [:]
  private var numbers: [ProcessID: Int] = [:]

  init(_ runtime: ProcessRuntime, _ threads: VirtualThreads) {
    self.runtime = runtime
    self.threads = threads
    startTime = threads.now
  }

  var text: String { lines.joined(separator: "\n") }

  /// Records what a thread's step has changed.
  func note(_ thread: VirtualThread) {
    let now = runtime.sights
    for sight in now where seen[sight.id] != sight {
      add(thread, change(to: sight, from: seen[sight.id]))
      seen[sight.id] = sight
    }
    let live = Set(now.map(\.id))
    for id in seen.keys.filter({ !live.contains($0) }).sorted() {
      seen[id] = nil
      add(thread, "\(name(id)) has ended")
    }
  }

  private func change(to sight: ProcessSight, from before: ProcessSight?) -> String {
    let mail = sight.unread == 0 ? "" : ", \(sight.unread) unread"
    guard let before else { return "\(name(sight.id)) is spawned" }
    if before.state == sight.state && before.waits == sight.waits {
      return "\(name(sight.id)) is \(sight.state)\(mail)"
    }
    let reason = sight.waits.map { " (\($0))" } ?? ""
    return "\(name(sight.id)) is \(sight.state)\(reason)\(mail)"
  }

  /// Returns a name with the process's number in order of appearance, because ids differ from run to run.
  private func name(_ id: ProcessID) -> String {
    if let number = numbers[id] { return "process \(number)" }
    numbers[id] = numbers.count + 1
    return "process \(numbers.count)"
  }

  private func add(_ thread: VirtualThread, _ change: String) {
    let tenths = (threads.now - startTime) / 100
    let time = "\(tenths / 10).\(tenths % 10)"
    let padded = String(repeating: " ", count: max(0, 10 - time.count)) + time
    let name = thread.name.hasPrefix("joist-") ? String(thread.name.dropFirst(6)) : thread.name
    lines.append("\(padded) µs  \(name.padded(to: 10))  \(change)")
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
