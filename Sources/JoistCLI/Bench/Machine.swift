// SPDX-License-Identifier: Apache-2.0
//
// The machine on which something is measured, and the build of this program.

import Foundation
import Joist

/// The machine and its operating system.
struct Machine: Encodable {
  let system: String
  let processor: String
  let cores: Int
  let memoryBytes: UInt64

  init() {
    let info = ProcessInfo.processInfo
    system = info.operatingSystemVersionString
    cores = info.activeProcessorCount
    memoryBytes = info.physicalMemory
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
    processor = model.map { $0.trimmingCharacters(in: .whitespaces) } ?? Built.architecture
  }
}

extension Machine {
  /// The description of the machine in one line.
  var line: String {
    let memory = String(format: "%.1f GiB", Double(memoryBytes) / Double(1 << 30))
    return "\(processor), \(cores) processor\(cores == 1 ? "" : "s"), \(memory); \(system)"
  }
}

extension Built {
  /// The line for `--version`.
  static let line =
    "joist \(version), built with Swift \(swift) for \(architecture)\(isForDebugging ? ", debug build" : "")"

  static let isForDebugging: Bool = {
    var isChecked = false
    // An optimised build removes the assertion together with the assignment.
    assert({ isChecked = true }() == ())
    return isChecked
  }()

  #if arch(arm64)
    static let architecture = "arm64"
  #else
    static let architecture = "x86_64"
  #endif

  #if compiler(>=6.5)
    static let swift = "6.5 or later"
  #elseif compiler(>=6.4)
    static let swift = "6.4"
  #elseif compiler(>=6.3)
    static let swift = "6.3"
  #else
    static let swift = "6.2"
  #endif
}
