// SPDX-License-Identifier: Apache-2.0
//
// A program in the list of those that can be asked.

/// A program with a control socket.
public struct ListedProgram: Codable, Sendable, Hashable {
  /// The system's number of the process that the program runs as.
  public var pid: Int32
  /// The name of the program in the name of its socket.
  public var name: String
  /// The path of the socket.
  public var path: String
  /// What the program says of itself; nil if it does not answer.
  public var description: ProgramDescription?

  /// Creates the entry of a program.
  public init(pid: Int32, name: String, path: String, description: ProgramDescription?) {
    self.pid = pid
    self.name = name
    self.path = path
    self.description = description
  }
}
