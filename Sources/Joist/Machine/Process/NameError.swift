// SPDX-License-Identifier: Apache-2.0
//
// The error of giving and finding names, which a spawn with a name throws too.

/// Why a name was not given or found.
public enum NameError: Error, Hashable, CustomStringConvertible {
  /// Another process has it.
  case taken(String, by: ProcessID)
  /// The name is empty.
  case empty
  /// The process has ended.
  case noProcess
  /// Its process takes other messages than those asked for.
  case wrongType(String, takes: String, asked: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .taken(let name, let holder): "the name '\(name)' is taken by \(holder)"
    case .empty: "a name must not be empty"
    case .noProcess: "the process has ended"
    case .wrongType(let name, let takes, let asked): "'\(name)' takes messages of \(takes), and not of \(asked)"
    }
  }
}
