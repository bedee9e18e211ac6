// SPDX-License-Identifier: Apache-2.0
//
// The macros that generate conformances to `HeapTraceable`, which otherwise are written by hand.

import Joist

#if Macros
  /// Generates the conformance of a struct or an enum to `HeapTraceable`.
  ///
  /// The generated `trace` names every stored property and every associated value, so that none is forgotten. The type
  /// of each must be `HeapTraceable`, or `Sendable`, which implies that it has no references. Any other type does not
  /// compile, unless the property or case is marked with ``HeapIgnored()``.
  ///
  /// ```swift
  /// @HeapTraceable
  /// struct Node: BitwiseCopyable {
  ///   var left, right: HeapRef<Node>?
  ///   var value: Int
  /// }
  /// ```
  ///
  /// A macro cannot see the properties that other macros add. Write the conformance of a type with such properties by
  /// hand.
  @attached(extension, conformances: HeapTraceable, names: named(trace))
  public macro HeapTraceable() = #externalMacro(module: "JoistMacrosPlugin", type: "HeapTraceableMacro")

  /// Marks a property or a case as having no references, where the compiler cannot see that.
  ///
  /// ``HeapTraceable()`` leaves it out of the generated `trace`. If it does refer to objects on the heap, it does not
  /// keep them.
  @attached(peer)
  public macro HeapIgnored() = #externalMacro(module: "JoistMacrosPlugin", type: "HeapIgnoredMacro")
#endif
