// SPDX-License-Identifier: Apache-2.0
//
// A trace is seen as far as its type.

import Joist
import JoistMacros

/// A type with others in it.
public struct Outer {
  @HeapTraceable
  fileprivate struct Hidden {}
}

extension Outer {
  /// Public by itself.
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
