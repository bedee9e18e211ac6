// SPDX-License-Identifier: Apache-2.0
//
// The names of sockets: `NAME-PID.sock` in a control folder.

/// A socket's file, by its folder, the name of the program and the number of its process.
struct ControlAddress: Hashable, Sendable {
  private static let suffix = ".sock"
  /// The number of bytes of a name, so that folder, name and number fit into a socket's address.
  private static let nameBytes = 40
  private static let nameOfTheNameless = "program"

  let folder: String
  let name: String
  let pid: Int32

  /// The address of a program with any name.
  init(folder: String, program: String, pid: Int32) {
    self.folder = folder
    self.name = ControlAddress.clean(program)
    self.pid = pid
  }

  /// The address that a file's name stands for; nil if it is not the name of a control socket.
  init?(folder: String, fileName: String) {
    guard fileName.hasSuffix(ControlAddress.suffix) else { return nil }
    let stem = fileName.dropLast(ControlAddress.suffix.count)
    guard let dash = stem.lastIndex(of: "-"), let pid = Int32(stem[stem.index(after: dash)...]), pid > 0 else {
      return nil
    }
    let name = String(stem[..<dash])
    guard name == ControlAddress.clean(name) else { return nil }
    self.folder = folder
    self.name = name
    self.pid = pid
  }

  var path: String { "\(folder)/\(name)-\(pid)\(ControlAddress.suffix)" }

  /// Returns a name that can be part of a file's name and be shown in a terminal.
  ///
  /// Slashes, spaces, control characters and a dot in front become `_`; what is too long is cut.
  static func clean(_ name: String) -> String {
    var result = String.UnicodeScalarView()
    var bytes = 0
    for scalar in name.unicodeScalars {
      let isKept = InspectionError.isPrintable(scalar) && scalar != "/" && !scalar.properties.isWhitespace
      let kept = isKept && !(scalar == "." && result.isEmpty) ? scalar : "_"
      bytes += UTF8.width(kept)
      guard bytes <= nameBytes else { break }
      result.append(kept)
    }
    return result.isEmpty ? nameOfTheNameless : String(result)
  }
}
