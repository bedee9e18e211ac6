// SPDX-License-Identifier: Apache-2.0
//
// The error of giving and looking up names, which a spawn with a name throws, too.

/// The reason why a name could not be given or looked up.
public enum NameError: Error, Hashable, CustomStringConvertible {
  /// Another process has the name.
  case taken(String, by: ProcessID)
  /// The name is empty.
  case empty
  /// The process has ended.
  case noProcess
  /// The named process takes messages of another type than the one asked for.
  case wrongType(String, takes: String, asked: String)

  /// The error in one sentence.
  public var description: String {
    switch self {
    case .taken(let name, let holder): "the name '\(name)' is taken by \(holder)"
    case .empty: "a name must not be empty"
    case .noProcess: "the process has ended"
    case .wrongType(let name, let takes, let asked): "'\(name)' takes messages of \(takes), and not of \(asked)"
    }
  }
}
