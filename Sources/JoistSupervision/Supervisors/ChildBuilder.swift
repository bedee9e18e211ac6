// SPDX-License-Identifier: Apache-2.0
//
// The result builder for lists of children, which may contain `if`, `switch` and `for`.

/// A builder that collects children in the order in which they are started.
@resultBuilder
public enum ChildBuilder {
  /// Returns a list of one child.
  public static func buildExpression(_ child: Child) -> [Child] { [child] }
  /// Returns a list that was made elsewhere.
  public static func buildExpression(_ children: [Child]) -> [Child] { children }
  /// Joins the parts of a block, which may be empty.
  public static func buildBlock(_ parts: [Child]...) -> [Child] { parts.flatMap { $0 } }
  /// Returns the children of an `if` without `else`.
  public static func buildOptional(_ part: [Child]?) -> [Child] { part ?? [] }
  /// Returns the children of the first branch of an `if` or `switch`.
  public static func buildEither(first: [Child]) -> [Child] { first }
  /// Returns the children of the second branch of an `if` or `switch`.
  public static func buildEither(second: [Child]) -> [Child] { second }
  /// Joins the children of a `for`.
  public static func buildArray(_ parts: [[Child]]) -> [Child] { parts.flatMap { $0 } }
  /// Returns the children of an `if #available`.
  public static func buildLimitedAvailability(_ part: [Child]) -> [Child] { part }
}
