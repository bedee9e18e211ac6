// SPDX-License-Identifier: Apache-2.0
//
// On what it was measured, and with what this program was built.

import Foundation

/// The machine and its system.
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
  /// One line for a person.
  var line: String {
    let memory = String(format: "%.1f GiB", Double(memoryBytes) / Double(1 << 30))
    return "\(processor), \(cores) processor\(cores == 1 ? "" : "s"), \(memory); \(system)"
  }
}

/// How this program was built.
enum Built {
  /// The line for `--version`, with the version of the topmost section of CHANGELOG.md.
  static let line =
    "joist unreleased, built by Swift \(swift) for \(architecture)\(isForDebugging ? ", for debugging" : "")"

  static let isForDebugging: Bool = {
    var isChecked = false
    // Left out, with what it does, when optimised.
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
