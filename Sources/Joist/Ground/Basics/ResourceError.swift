// SPDX-License-Identifier: Apache-2.0
//
// The error for what the operating system refuses.

/// The machine did not give what a runtime needs.
public struct ResourceError: Error, Hashable, CustomStringConvertible {
  /// What could not be had.
  public let what: String

  package init(what: String) { self.what = what }

  /// One sentence.
  public var description: String { "the system gave no \(what)" }
}
