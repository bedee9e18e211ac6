// SPDX-License-Identifier: Apache-2.0
//
// The trace that the macro writes has the access level of its type.

import Joist
import JoistMacros

/// A type that contains others.
public struct Outer {
  @HeapTraceable
  fileprivate struct Hidden {}
}

extension Outer {
  /// A type that is declared public itself.
  @HeapTraceable
  public struct Open {}
}

// swift-format-ignore: NoAccessLevelOnExtensionDeclaration
public extension Outer {
  @HeapTraceable
  struct AsOpen {}

  @HeapTraceable
  internal struct Closed {}
}
