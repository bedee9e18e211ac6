// SPDX-License-Identifier: Apache-2.0
//
// The limits of Linux control groups: the number of processors and the amount of memory that the program's groups leave
// it. Versions 1 and 2 say the same in files of different names, and a machine may have both. Every group above a group
// limits it, too, so all folders from the program's own up to the mount point of the hierarchy are read, and the
// smallest number counts.

/// The limits of the program's control groups.
package struct ControlGroups: Sendable, Equatable {
  /// The number of processors that the smallest quota pays for, rounded up; nil if no group has a quota.
  package private(set) var processors: Int?
  /// The smallest memory limit in bytes; nil if no group has one.
  package private(set) var memoryBytes: Int?

  /// Reads the limits from the system's small files; `file` returns the text of a file, or nil if there is none.
  package static func read(_ file: (String) -> String?) -> ControlGroups {
    var limits = ControlGroups()
    let memberships = Membership.all(in: file("/proc/self/cgroup"))
    let mounts = Mount.all(in: file("/proc/self/mountinfo"))
    for folder in folders(of: "cpu", memberships, mounts) {
      limits.lower(\.processors, to: quota(file("\(folder)/cpu.max")))
      let (time, period) = (file("\(folder)/cpu.cfs_quota_us"), file("\(folder)/cpu.cfs_period_us"))
      if let time, let period { limits.lower(\.processors, to: quota("\(time) \(period)")) }
    }
    for folder in folders(of: "memory", memberships, mounts) {
      limits.lower(\.memoryBytes, to: MachineMemory.bytes(ofLimit: file("\(folder)/memory.max")))
      limits.lower(\.memoryBytes, to: MachineMemory.bytes(ofLimit: file("\(folder)/memory.limit_in_bytes")))
    }
    return limits
  }

  private mutating func lower(_ limit: WritableKeyPath<ControlGroups, Int?>, to other: Int?) {
    if let other { self[keyPath: limit] = min(self[keyPath: limit] ?? other, other) }
  }

  /// Returns the number of processors that a line "time period" pays for, rounded up.
  ///
  /// Returns nil for "max", for -1, and for anything that is not such a line.
  package static func quota(_ line: String?) -> Int? {
    let parts = line?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) } ?? []
    guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return nil }
    return (parts[0] - 1) / parts[1] + 1
  }

  /// Returns the folders of the groups that limit the program's use of a resource, of either version.
  private static func folders(of controller: String, _ memberships: [Membership], _ mounts: [Mount]) -> [String] {
    memberships.filter { $0.isUnified || $0.controllers.contains(controller) }.flatMap { group in
      let mounts = mounts.filter { mount in
        mount.isUnified == group.isUnified && (mount.isUnified || mount.options.contains(controller))
      }
      let folders = mounts.compactMap { $0.folders(downTo: group.path) }
      // A path that no mount shows belongs to another namespace. The mount then shows the program's own group, or one
      // above.
      return folders.isEmpty ? mounts.map(\.point) : folders.flatMap { $0 }
    }
  }
}

/// A line of `/proc/self/cgroup`: a group that the program is in.
private struct Membership {
  let controllers: [String]
  let path: String
  /// Whether the group is of version 2, which has one hierarchy for all controllers.
  let isUnified: Bool

  static func all(in text: String?) -> [Membership] {
    (text ?? "").split(separator: "\n").compactMap { line in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      let controllers = parts[1].split(separator: ",").map { String($0) }
      return Membership(controllers: controllers, path: String(parts[2]), isUnified: parts[0] == "0")
    }
  }
}

/// A line of `/proc/self/mountinfo`: the mount point of a hierarchy of groups, or of a part of one.
private struct Mount {
  /// The group whose folder is the mount point.
  let root: String
  let point: String
  /// The mount's options, which for version 1 include the names of its controllers.
  let options: [String]
  let isUnified: Bool

  static func all(in text: String?) -> [Mount] {
    (text ?? "").split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ").map { String($0) }
      guard let dash = fields.firstIndex(of: "-"), dash >= 5, fields.count > dash + 3,
        fields[dash + 1] == "cgroup" || fields[dash + 1] == "cgroup2"
      else { return nil }
      return Mount(
        root: unescaped(fields[3]),
        point: unescaped(fields[4]),
        options: fields[dash + 3].split(separator: ",").map { String($0) },
        isUnified: fields[dash + 1] == "cgroup2"
      )
    }
  }

  /// Returns the text with the system's escapes resolved: a backslash and three octal digits stand for a byte.
  private static func unescaped(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "\\")) else { return text }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), let escaped = UInt8(Substring(rest.prefix(3)), radix: 8) {
        bytes.append(escaped)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Returns the folders of a group and of the groups above it, as far as this mount shows them.
  ///
  /// Returns nil if the mount does not show the group.
  func folders(downTo group: String) -> [String]? {
    let above = root.split(separator: "/")
    let names = group.split(separator: "/")
    guard names.starts(with: above), !names.contains("..") else { return nil }
    let below = names.dropFirst(above.count)
    return (0...below.count).map { below.prefix($0).reduce(point) { "\($0)/\($1)" } }
  }
}
