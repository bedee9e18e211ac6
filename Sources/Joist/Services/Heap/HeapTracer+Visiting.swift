// SPDX-License-Identifier: Apache-2.0
//
// How a `trace` may name every property, so that none is forgotten: the compiler looks at each one's type.
// HV1. What is `Sendable` has no references, for these are not. Only the Swift 6 language mode makes sure of that; in
//      others there is nothing to call, and what is not `HeapTraceable` cannot be named.

extension HeapTracer {
  /// Does nothing: what is `Sendable` has no references (HV1).
  @available(swift 6)
  @inlinable @inline(__always)
  public mutating func visit<Value: Sendable>(_ value: inout Value) {}

  /// Visits all references in a value.
  @inlinable @inline(__always)
  public mutating func visit<Value: HeapTraceable & Sendable>(_ value: inout Value) { value.trace(&self) }

  /// Visits all references in a value of whatever type.
  @inlinable
  public mutating func visit(_ value: inout any HeapTraceable) { value.trace(&self) }

  /// Does nothing: what is `Sendable` has no references (HV1).
  ///
  /// For what cannot be visited in place, as a constant. The value is not asked for.
  @available(swift 6)
  @inlinable @inline(__always)
  public func skip<Value: Sendable>(_ value: @autoclosure () -> Value) {}
}
