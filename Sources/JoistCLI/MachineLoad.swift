// SPDX-License-Identifier: Apache-2.0
//
// What other programs take of this machine's processors meanwhile: the system's count of busy time, less this program's
// own.

import Foundation
import Joist

/// How much of the processors others used between two looks.
package struct MachineLoad: Sendable {
  /// One look: seconds of processor time, all that were used and this program's own.
  package struct Look: Sendable {
    package let busy, own: Double

    package init(busy: Double, own: Double) {
      self.busy = busy
      self.own = own
    }

    /// Looks now; nil where the system does not say.
    static var now: Look? {
      guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
        let busy = busySeconds(text, ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))))
      else { return nil }
      return Look(busy: busy, own: Double(clock()) / Double(CLOCKS_PER_SEC))
    }

    /// Reads the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
    package static func busySeconds(_ text: String, ticksPerSecond: Double) -> Double? {
      let words = text.prefix { $0 != "\n" }.split(separator: " ")
      let ticks = words.dropFirst().compactMap { Double($0) }
      guard words.first == "cpu", ticks.count >= 8, ticks.reduce(0, +) > 0 else { return nil }
      return (ticks[0...2].reduce(0, +) + ticks[5...7].reduce(0, +)) / ticksPerSecond
    }
  }

  /// Processors that others used on average.
  package let others: Double
  /// Processors that there are.
  package let processors: Int

  package init(_ first: Look, _ last: Look, seconds: Double, processors: Int) {
    let others = (last.busy - first.busy) - (last.own - first.own)
    self.others = seconds > 0 ? min(Double(processors), max(0, others / seconds)) : 0
    self.processors = processors
  }

  /// Whether figures that depend on time mean little: others used an eighth of the processors or more.
  package var isBusy: Bool { others * 8 >= Double(processors) }
}

extension MachineLoad: CustomStringConvertible {
  /// As in `other programs used 1.6 of 2 processors`.
  package var description: String {
    "other programs used \(String(format: "%.1f", others)) of \(processors) processor\(processors == 1 ? "" : "s")"
  }
}

extension MachineLoad {
  /// Runs something and says what others used meanwhile; nil where the system does not say.
  static func during<Value>(_ body: () -> Value) -> (Value, MachineLoad?) {
    let (start, first) = (ContinuousClock.now, Look.now)
    let value = body()
    guard let first, let last = Look.now else { return (value, nil) }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return (value, MachineLoad(first, last, seconds: seconds, processors: ProcessInfo.processInfo.activeProcessorCount))
  }
}
