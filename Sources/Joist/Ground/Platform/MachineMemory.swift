// SPDX-License-Identifier: Apache-2.0
//
// The memory that the program uses, and the memory that it may use.

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
  /// Returns the bytes of memory of the machine, or of the program's control groups if they allow less.
  static func most() -> Int {
    let machine = Int(sysconf(Int32(_SC_PHYS_PAGES))) * HostPlatform.pageBytes
    return min(machine, ControlGroups.read(SmallFile.text).memoryBytes ?? machine)
  }

  /// Returns the bytes in a line of a control group; nil for "max" and for anything that is not such a line.
  package static func bytes(ofLimit line: String?) -> Int? {
    line?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// Returns the resident pages in the line of `/proc/self/statm`: its second number.
  package static func pages(ofStatus line: String?) -> Int {
    let parts = line?.utf8.split(separator: UInt8(ascii: " ")) ?? []
    return parts.count > 1 ? Int(Substring(parts[1])) ?? 0 : 0
  }

  #if canImport(Darwin)
    // Sound: the structure is a local; the call fills as many words as it is told to.
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

/// A meter of the program's resident memory that works even when no file descriptors are left.
///
/// It opens the file that it reads at the start. The program may close that descriptor, and the number may then belong
/// to another file, so the file's identity is compared before it is read.
final class ResidentMeter: Sendable {
  #if os(Linux)
    private struct Status {
      var descriptor: Int32
      var device: UInt
      var number: UInt
      /// The process that opened the file: after a `fork` the child has its parent's descriptor.
      var process: pid_t
    }

    private struct State {
      var status: Status?
      /// The number of pages that the last successful reading found.
      var pages = 0
    }

    private let state = Mutex(State())

    init() { _ = bytes() }

    /// Returns the program's resident bytes; while they cannot be read, those of the last successful reading.
    func bytes() -> Int {
      state.withLock { state in
        if state.status.map({ ResidentMeter.isOwn($0) }) != true { state.status = ResidentMeter.openStatus() }
        let pages = MachineMemory.pages(ofStatus: state.status.flatMap { ResidentMeter.read($0.descriptor) })
        if pages > 0 { state.pages = pages }
        return state.pages * HostPlatform.pageBytes
      }
    }

    // Sound: the structures and the buffer are locals that the calls fill. The same holds below.
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
    /// Returns the program's resident bytes.
    func bytes() -> Int { MachineMemory.residentOnDarwin() }
  #endif
}

/// A reader for the small files in which the system describes itself.
enum SmallFile {
  // Sound: the buffer is a local, and only the bytes that were read into it are used.
  /// Returns the text of a file, up to a megabyte; nil if there is no such file, or it is empty.
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
