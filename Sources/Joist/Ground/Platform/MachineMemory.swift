// SPDX-License-Identifier: Apache-2.0
//
// How much memory the program has in use, and how much it may have.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The machine's memory, as this program may use it.
package enum MachineMemory {
  /// Bytes that the machine has, or that the program's control groups may have, if that is less.
  static func most() -> Int {
    let machine = Int(sysconf(Int32(_SC_PHYS_PAGES))) * HostPlatform.pageBytes
    return min(machine, ControlGroups.read(SmallFile.text).memoryBytes ?? machine)
  }

  /// Of a control group's line: bytes, or nil for "max" and for anything that is not such a line.
  package static func bytes(ofLimit line: String?) -> Int? {
    line?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// Of the line of `/proc/self/statm`: its second number.
  package static func pages(ofStatus line: String?) -> Int {
    let parts = line?.utf8.split(separator: UInt8(ascii: " ")) ?? []
    return parts.count > 1 ? Int(Substring(parts[1])) ?? 0 : 0
  }

  #if canImport(Darwin)
    // Sound: the structure is a local that the call fills, as many words as it is told.
    static func residentOnDarwin() -> Int {
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

/// Says how many bytes the program has in memory, also while it has no descriptors left.
///
/// The file that tells is opened at the start. The program may close that descriptor, and its number may be somebody
/// else's then, so it is compared before it is read.
final class OccupantMeter: Sendable {
  #if os(Linux)
    private struct Status {
      var descriptor: Int32
      var device: UInt
      var number: UInt
      /// Whose it is: the child of a `fork` has its parent's.
      var process: pid_t
    }

    private struct State {
      var status: Status?
      /// What the last look that succeeded has found.
      var pages = 0
    }

    private let state = Mutex(State())

    init() { _ = bytes() }

    /// Returns the bytes that the program has in memory, or had at the last look while it cannot be asked.
    func bytes() -> Int {
      state.withLock { state in
        if state.status.map({ OccupantMeter.isOwn($0) }) != true { state.status = OccupantMeter.openStatus() }
        let pages = MachineMemory.pages(ofStatus: state.status.flatMap { OccupantMeter.read($0.descriptor) })
        if pages > 0 { state.pages = pages }
        return state.pages * HostPlatform.pageBytes
      }
    }

    // Sound: structures and buffer are locals that the calls fill. Likewise below.
    private static func openStatus() -> Status? {
      let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return nil }
      var found = stat()
      guard unsafe fstat(descriptor, &found) == 0 else { return nil }
      return Status(
        descriptor: descriptor,
        device: UInt(found.st_dev),
        number: UInt(found.st_ino),
        process: getpid()
      )
    }

    private static func isOwn(_ status: Status) -> Bool {
      var found = stat()
      return unsafe status.process == getpid() && fstat(status.descriptor, &found) == 0
        && UInt(found.st_dev) == status.device && UInt(found.st_ino) == status.number
    }

    private static func read(_ descriptor: Int32) -> String? {
      unsafe withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
        let count = unsafe pread(descriptor, buffer.baseAddress!, buffer.count, 0)
        return count > 0 ? unsafe String(decoding: buffer[..<count], as: UTF8.self) : nil
      }
    }
  #else
    /// Bytes that the program has in memory.
    func bytes() -> Int { MachineMemory.residentOnDarwin() }
  #endif
}

/// Small files of the system's.
enum SmallFile {
  // Sound: the buffer is this function's own, and only what was read of it is used.
  /// What it has, up to a megabyte; nil where there is no such file.
  static func text(_ path: String) -> String? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    let hasFailed = unsafe withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 1) { buffer in
      while bytes.count < 1 << 20 {
        let count = unsafe read(file, buffer.baseAddress!, buffer.count)
        if count <= 0 { return count < 0 }
        unsafe bytes.append(contentsOf: buffer[..<count])
      }
      return false
    }
    return hasFailed || bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
