// SPDX-License-Identifier: Apache-2.0
//
// The system calls with which an output file is written. They report errors exactly, which Foundation's file handles do
// not.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// An open file that can be written.
///
/// Each owner calls `close` or `abandon` exactly once.
struct OutputDescriptor {
  /// What a path leads to.
  enum Kind {
    case nothing
    case folder
    case device
    /// An ordinary file, and its path without symbolic links.
    case file(String)
  }

  private let descriptor: Int32

  // Sound: the buffer that `realpath` allocates is read before `free`, and nothing else refers to it.
  /// Returns what `path` leads to.
  static func kind(of path: String) -> Kind {
    guard let status = status(of: path) else { return .nothing }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .folder
    case S_IFREG:
      guard let resolved = unsafe realpath(path, nil) else { return .file(path) }
      defer { unsafe free(resolved) }
      return unsafe .file(String(cString: resolved))
    default: return .device
    }
  }

  // Sound: the path is a string that outlives the call.
  /// Opens a file that exists.
  static func open(_ path: String) throws(SystemFailure) -> OutputDescriptor {
    OutputDescriptor(descriptor: try check { unsafe systemOpen(path, O_WRONLY | O_CLOEXEC, 0) })
  }

  // Sound: the path is a string that outlives the call.
  /// Creates a file that does not exist yet, with the rights that the process's mask leaves.
  static func create(_ path: String) throws(SystemFailure) -> OutputDescriptor {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    return OutputDescriptor(descriptor: try check { unsafe systemOpen(path, flags, 0o666) })
  }

  // Sound: the pointer stays within the array, of which `written` bytes are done.
  /// Writes all bytes.
  func write(_ bytes: [UInt8]) throws(SystemFailure) {
    var written = 0
    while written < bytes.count {
      let result = unsafe bytes.withUnsafeBytes { buffer in
        unsafe systemWrite(descriptor, buffer.baseAddress! + written, buffer.count - written)
      }
      if result >= 0 {
        written += result
      } else if errno != EINTR {
        throw SystemFailure(code: errno)
      }
    }
  }

  /// Gives the file the permissions of the file at `path`, if there is one, so that a private file stays private.
  func copyPermissions(of path: String) throws(SystemFailure) {
    guard let status = Self.status(of: path) else { return }
    _ = try Self.check { fchmod(descriptor, status.st_mode & 0o777) }
  }

  /// Waits until the bytes have reached the disk, where a lack of space may first show.
  func synchronize() throws(SystemFailure) { _ = try Self.check { fsync(descriptor) } }

  /// Closes the file and reports what could not be written.
  func close() throws(SystemFailure) { if systemClose(descriptor) != 0 { throw SystemFailure(code: errno) } }

  /// Closes the file whose contents no longer matter.
  func abandon() { _ = systemClose(descriptor) }

  // Sound: the paths are strings that outlive the call.
  /// Puts the file at `path`, in place of one that is there.
  static func rename(_ old: String, to path: String) throws(SystemFailure) {
    _ = try check { unsafe systemRename(old, path) }
  }

  // Sound: the path is a string that outlives the call.
  /// Deletes a file; does nothing if that is not possible.
  static func delete(_ path: String) { _ = unsafe unlink(path) }

  // Sound: the status is an initialized local variable, and the path a string that outlives the call.
  private static func status(of path: String) -> stat? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status : nil
  }

  /// Repeats a call that a signal interrupted, and returns its result.
  private static func check(_ call: () -> Int32) throws(SystemFailure) -> Int32 {
    while true {
      let result = call()
      if result >= 0 { return result }
      if errno != EINTR { throw SystemFailure(code: errno) }
    }
  }
}

// The system's functions whose names the methods above have, too.

// Sound: the caller's pointer is valid for `count` bytes.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  unsafe write(descriptor, bytes, count)
}

// Sound: the path is a string that outlives the call.
private func systemOpen(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 {
  unsafe open(path, flags, mode)
}

private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }

// Sound: the paths are strings that outlive the call.
private func systemRename(_ old: UnsafePointer<CChar>, _ new: UnsafePointer<CChar>) -> Int32 {
  unsafe rename(old, new)
}
