// SPDX-License-Identifier: Apache-2.0
//
// How much memory the program has in use, and how much it may have.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The machine's memory, as this program may use it.
package enum MachineMemory {
  /// Bytes that the machine has, or that the program's control group may have, if that is less.
  static func most() -> Int {
    let machine = Int(sysconf(Int32(_SC_PHYS_PAGES))) * HostPlatform.pageBytes
    return min(machine, bytes(ofLimit: SmallFile.text("/sys/fs/cgroup/memory.max")) ?? machine)
  }

  /// Of cgroup v2's line: bytes, or nil for "max" and for anything that is not such a line.
  package static func bytes(ofLimit line: String?) -> Int? {
    line?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// Bytes that the program has in memory; zero where the system does not say.
  static func resident() -> Int {
    #if os(Linux)
      pages(ofStatus: SmallFile.text("/proc/self/statm")) * HostPlatform.pageBytes
    #else
      residentOnDarwin()
    #endif
  }

  /// Of the line of `/proc/self/statm`: its second number.
  package static func pages(ofStatus line: String?) -> Int {
    let parts = line?.utf8.split(separator: UInt8(ascii: " ")) ?? []
    return parts.count > 1 ? Int(Substring(parts[1])) ?? 0 : 0
  }

  #if canImport(Darwin)
    // Sound: the structure is a local that the call fills, as many words as it is told.
    private static func residentOnDarwin() -> Int {
      var info = mach_task_basic_info()
      let words = MemoryLayout<mach_task_basic_info>.size / MemoryLayout<integer_t>.size
      var count = mach_msg_type_number_t(words)
      let result = unsafe withUnsafeMutablePointer(to: &info) { info in
        unsafe info.withMemoryRebound(to: integer_t.self, capacity: words) { words in
          unsafe task_info(mach_task_self_, task_flavor_t(MACH_TASK_BASIC_INFO), words, &count)
        }
      }
      return result == KERN_SUCCESS ? Int(info.resident_size) : 0
    }
  #endif
}

/// Files of the system's that have a line.
enum SmallFile {
  // Sound: the buffer is this function's own, and only what was read of it is used.
  /// What it has; nil where there is no such file.
  static func text(_ path: String) -> String? {
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
