// SPDX-License-Identifier: Apache-2.0
//
// A file in pieces that end between words.

import Foundation

/// Why a file could not be read, in one line.
struct FileProblem: Error {
  let line: String
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
  mutating func next() throws(FileProblem) -> [UInt8]? {
    while true {
      let read: Data?
      do { read = try handle.read(upToCount: 1 << 20) } catch { throw FileProblem(line: "\(path): cannot be read") }
      guard let read, !read.isEmpty else {
        defer { rest = [] }
        return rest.isEmpty ? nil : rest
      }
      let piece = rest + read
      if let last = piece.lastIndex(where: { !WordTable.isLetter($0) }) {
        rest = Array(piece[(last + 1)...])
        return Array(piece[...last])
      }
      rest = piece
    }
  }
}
