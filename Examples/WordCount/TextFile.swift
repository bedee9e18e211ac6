// SPDX-License-Identifier: Apache-2.0
//
// A file in pieces that end between words.

import Foundation
import Joist

/// Why a file could not be read, in one line.
struct FileProblem: Error {
  let line: String
}

/// A stretch of a file that begins and ends between words.
struct Piece: Sendable {
  /// A word's beginning from the stretch before, if one was cut.
  fileprivate let head: [UInt8]
  fileprivate let body: Data

  /// The bytes of the piece, one after the other.
  var bytes: [UInt8] { head + body }
}

/// Reads a file piece by piece.
struct TextFile {
  private let path: String
  private let handle: FileHandle
  /// The beginning of a word that goes on in the next piece.
  private var rest: [UInt8] = []

  init(_ path: String) throws(FileProblem) {
    self.path = path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
      throw FileProblem(line: "\(path): no such file")
    }
    if attributes[.type] as? FileAttributeType == .typeDirectory {
      throw FileProblem(line: "\(path): is a folder")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw FileProblem(line: "\(path): cannot be read")
    }
    self.handle = handle
  }

  /// The next piece; nil at the end.
  ///
  /// Reads on a thread for calls that block, so that the scheduler goes on.
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
