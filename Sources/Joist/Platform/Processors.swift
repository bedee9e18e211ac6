// SPDX-License-Identifier: Apache-2.0
//
// How many schedulers make use of this machine: the processors that this program may run on, and no more than its
// control group's quota pays for.

import CJoist

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Counts processors.
enum Processors {
  /// At least one, at most `Limits.schedulersMost`.
  static func useful() -> Int {
    let quota = quotaInProcessors(readSmallFile("/sys/fs/cgroup/cpu.max")) ?? Int.max
    return min(max(1, min(Int(joist_processors_allowed()), quota)), Limits.schedulersMost)
  }

  /// Of cgroup v2's line "quota period", both in microseconds: the processors that it pays for, rounded up.
  ///
  /// Nil for "max" and for anything that is not such a line.
  static func quotaInProcessors(_ line: String?) -> Int? {
    let parts = line?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) } ?? []
    guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return nil }
    return (parts[0] + parts[1] - 1) / parts[1]
  }

  // Sound: the buffer is this function's own, and only what was read of it is used.
  private static func readSmallFile(_ path: String) -> String? {
    let file = unsafe open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return unsafe withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      let count = unsafe read(file, buffer.baseAddress!, buffer.count)
      guard count > 0 else { return nil }
      return unsafe String(decoding: buffer[..<count], as: UTF8.self)
    }
  }
}
