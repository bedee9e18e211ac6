// SPDX-License-Identifier: Apache-2.0
//
// Writes the files that the commands and the library make for their user: a trace, a profile, a dump. A reader of the
// path sees the old file or the whole new one.

/// Writes files that are either complete or not there.
public enum OutputFile {
  /// Writes a file and puts it at `path`, in place of one that is there.
  ///
  /// The bytes go to a temporary file in the same folder, which is renamed at the end. If anything fails, the temporary
  /// file is deleted and an old file at `path` stays as it was. A path that names a device or a pipe is written to
  /// directly. The call blocks until the bytes have reached the disk.
  /// - Parameters:
  ///   - path: The path of the file; its folder must exist.
  ///   - body: Writes the file's contents with the sink that it is given. What it throws ends the writing.
  /// - Throws: An error whose description is one line that says what is wrong and what to do.
  public static func write(
    to path: String,
    _ body: (_ sink: ([UInt8]) throws -> Void) throws -> Void
  ) throws(InspectionError) {
    do {
      switch OutputDescriptor.kind(of: path) {
      case .folder: throw InspectionError("cannot write \(path): it is a folder; name a file in it")
      case .device: try writeDirectly(path, body)
      case .file(let path): try replace(path, body)
      case .nothing: try replace(path, body)
      }
    } catch let error as InspectionError {
      throw error
    } catch let failure as SystemFailure {
      throw InspectionError("cannot write \(path): \(failure.advice)")
    } catch {
      throw InspectionError("cannot write \(path): \(error)")
    }
  }

  private static func writeDirectly(
    _ path: String,
    _ body: (_ sink: ([UInt8]) throws -> Void) throws -> Void
  ) throws {
    let file = try OutputDescriptor.open(path)
    defer { file.abandon() }
    try body { try file.write($0) }
  }

  private static func replace(
    _ path: String,
    _ body: (_ sink: ([UInt8]) throws -> Void) throws -> Void
  ) throws {
    let temporary = temporaryPath(beside: path)
    let file = try OutputDescriptor.create(temporary)
    do {
      try file.copyPermissions(of: path)
      try body { try file.write($0) }
      try file.synchronize()
    } catch {
      file.abandon()
      OutputDescriptor.delete(temporary)
      throw error
    }
    do {
      try file.close()
      try OutputDescriptor.rename(temporary, to: path)
    } catch {
      OutputDescriptor.delete(temporary)
      throw error
    }
  }

  /// Returns a path in the same folder that no other file has.
  ///
  /// Its length does not depend on that of `path`, whose name may be as long as the system allows.
  private static func temporaryPath(beside path: String) -> String {
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    return "\(folder).joist-\(String(UInt64.random(in: .min ... .max), radix: 16)).partial"
  }
}
