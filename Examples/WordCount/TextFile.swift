// SPDX-License-Identifier: Apache-2.0
//
// Reads a file in pieces that end between words.

import Foundation
import Joist

/// The reason why a file could not be read, in one line.
struct FileProblem: Error {
  let line: String
}

/// A part of a file that begins and ends between words.
struct Piece: Sendable {
  /// The beginning of a word that the previous read cut off.
  fileprivate let head: [UInt8]
  fileprivate let body: Data

  /// All bytes of the piece.
  var bytes: [UInt8] { head + body }
}

/// A file that is read piece by piece.
struct TextFile {
  private let path: String
  private let handle: FileHandle
  /// The beginning of a word that continues in the next piece.
  private var rest: [UInt8] = []

  init(_ path: String) throws(FileProblem) {
    self.path = path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
      throw FileProblem(line: "\(path): no such file")
    }
    if attributes[.type] as? FileAttributeType == .typeDirectory {
      throw FileProblem(line: "\(path): is a directory")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw FileProblem(line: "\(path): cannot be read")
    }
    self.handle = handle
  }

  /// Returns the next piece; nil at the end of the file.
  ///
  /// Parks the process and reads on a thread for blocking calls, so that the scheduler runs other processes meanwhile.
  mutating func next(_ process: ProcessContext<Void>) throws -> Piece? {
    while true {
      let read = process.blocking { [handle] in try? handle.read(upToCount: 1 << 20) ?? Data() }
      guard let read else { throw FileProblem(line: "\(path): cannot be read") }
      if read.isEmpty {
        defer { rest = [] }
        return rest.isEmpty ? nil : Piece(head: rest, body: Data())
      }
      if let last = read.lastIndex(where: { !WordTable.isLetter($0) }) {
        defer { rest = Array(read[(last + 1)...]) }
        return Piece(head: rest, body: read[...last])
      }
      rest += read
    }
  }
}
