// SPDX-License-Identifier: Apache-2.0
//
// Overloads of `visit` by which a `trace` can name every property, so that none is forgotten: the compiler checks the
// type of each.
//
// A `Sendable` value has no references, because references are not `Sendable`. Only the Swift 6 language mode
// guarantees that. In other modes these overloads do not exist, so a property that is not `HeapTraceable` cannot be
// named.

extension HeapTracer {
  /// Does nothing, because a `Sendable` value has no references.
  @available(swift 6)
  @inlinable @inline(__always)
  public mutating func visit<Value: Sendable>(_ value: inout Value) {}

  /// Visits all references in a value.
  @inlinable @inline(__always)
  public mutating func visit<Value: HeapTraceable & Sendable>(_ value: inout Value) { value.trace(&self) }

  /// Visits all references in a value of any type.
  @inlinable
  public mutating func visit(_ value: inout any HeapTraceable) { value.trace(&self) }

  /// Does nothing, because a `Sendable` value has no references.
  ///
  /// Use it for what cannot be visited in place, such as a constant. The value is not evaluated.
  @available(swift 6)
  @inlinable @inline(__always)
  public func skip<Value: Sendable>(_ value: @autoclosure () -> Value) {}
}
