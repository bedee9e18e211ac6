// SPDX-License-Identifier: Apache-2.0
//
// A list of children that reads like a list, with `if`, `switch` and `for` in it.

/// Lists children, in the order in which they are started.
@resultBuilder
public enum ChildBuilder {
  /// One child.
  public static func buildExpression(_ child: Child) -> [Child] { [child] }
  /// Children that were listed elsewhere.
  public static func buildExpression(_ children: [Child]) -> [Child] { children }
  /// One after another; none is allowed.
  public static func buildBlock(_ parts: [Child]...) -> [Child] { parts.flatMap { $0 } }
  /// An `if` without `else`.
  public static func buildOptional(_ part: [Child]?) -> [Child] { part ?? [] }
  /// One way of an `if` or `switch`.
  public static func buildEither(first: [Child]) -> [Child] { first }
  /// The other way.
  public static func buildEither(second: [Child]) -> [Child] { second }
  /// A `for`.
  public static func buildArray(_ parts: [[Child]]) -> [Child] { parts.flatMap { $0 } }
  /// An `if #available`.
  public static func buildLimitedAvailability(_ part: [Child]) -> [Child] { part }
}
