// SPDX-License-Identifier: Apache-2.0
//
// The processor time that other programs use during a measurement: the system's busy time minus this program's own.

import Foundation
import Joist

/// The number of processors that other programs used between two samples.
package struct MachineLoad: Sendable {
  /// A sample: the seconds of processor time used so far by all programs (`busy`) and by this one (`own`).
  package struct Look: Sendable {
    package let busy, own: Double

    package init(busy: Double, own: Double) {
      self.busy = busy
      self.own = own
    }

    /// A sample taken now; nil where the system does not report busy time.
    static var now: Look? {
      guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
        let busy = busySeconds(text, ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))))
      else { return nil }
      return Look(busy: busy, own: Double(clock()) / Double(CLOCKS_PER_SEC))
    }

    /// Returns the busy seconds in the text of `/proc/stat`; nil if the text does not have that format.
    ///
    /// The first line holds ticks of user, nice, system, idle, iowait, irq, softirq and steal. All but idle and iowait
    /// are busy.
    package static func busySeconds(_ text: String, ticksPerSecond: Double) -> Double? {
      let words = text.prefix { $0 != "\n" }.split(separator: " ")
      let ticks = words.dropFirst().compactMap { Double($0) }
      guard words.first == "cpu", ticks.count >= 8, ticks.reduce(0, +) > 0 else { return nil }
      return (ticks[0...2].reduce(0, +) + ticks[5...7].reduce(0, +)) / ticksPerSecond
    }
  }

  /// The average number of processors that other programs used.
  package let others: Double
  /// The number of processors of the machine.
  package let processors: Int

  package init(_ first: Look, _ last: Look, seconds: Double, processors: Int) {
    let others = (last.busy - first.busy) - (last.own - first.own)
    self.others = seconds > 0 ? min(Double(processors), max(0, others / seconds)) : 0
    self.processors = processors
  }

  /// Whether other programs used an eighth of the processors or more, which makes timings unreliable.
  package var isBusy: Bool { others * 8 >= Double(processors) }
}

extension MachineLoad: CustomStringConvertible {
  /// A text such as `other programs used 1.6 of 2 processors`.
  package var description: String {
    "other programs used \(String(format: "%.1f", others)) of \(processors) processor\(processors == 1 ? "" : "s")"
  }
}

extension MachineLoad {
  /// Runs the body and returns its value, with the load of other programs meanwhile.
  ///
  /// The load is nil where the system does not report it.
  static func during<Value>(_ body: () -> Value) -> (Value, MachineLoad?) {
    let (start, first) = (ContinuousClock.now, Look.now)
    let value = body()
    guard let first, let last = Look.now else { return (value, nil) }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return (value, MachineLoad(first, last, seconds: seconds, processors: ProcessInfo.processInfo.activeProcessorCount))
  }
}
