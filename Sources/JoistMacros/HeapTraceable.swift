// SPDX-License-Identifier: Apache-2.0
//
// The macros that write what is said of private heaps by hand otherwise.

import Joist

#if Macros
  /// Writes the conformance of a struct or an enum to `HeapTraceable`.
  ///
  /// Its `trace` names every stored property, and every associated value, so that none is forgotten. Each is of a type
  /// that is `HeapTraceable` itself, or `Sendable` and so without references; what is neither does not compile, unless
  /// it is marked with ``HeapIgnored()``.
  ///
  /// ```swift
  /// @HeapTraceable
  /// struct Node: BitwiseCopyable {
  ///   var left, right: HeapRef<Node>?
  ///   var value: Int
  /// }
  /// ```
  ///
  /// A macro does not see what other macros add: a type with such properties conforms by hand.
  @attached(extension, conformances: HeapTraceable, names: named(trace))
  public macro HeapTraceable() = #externalMacro(module: "JoistMacrosPlugin", type: "HeapTraceableMacro")

  /// Says of a property, or of a case, that it has no references, where the compiler cannot see that.
  ///
  /// ``HeapTraceable()`` leaves it out. What it leads to on the heap is not kept.
  @attached(peer)
  public macro HeapIgnored() = #externalMacro(module: "JoistMacrosPlugin", type: "HeapIgnoredMacro")
#endif
