// SPDX-License-Identifier: Apache-2.0
//
// The protocol by which types tell where their references are.

/// A type that may hold references into a private heap and tells where they are.
///
/// ``HeapRef`` and ``HeapArray`` conform, and so do optionals, arrays and dictionaries of conforming types. A type with
/// references that is on the heap must conform, and must visit all of them: a collection keeps only what it sees. A
/// `trace` may also visit properties without references, so that it can name every property. The macro of JoistMacros,
/// a separate product, writes such a `trace`.
///
/// ```swift
/// struct Node: BitwiseCopyable, HeapTraceable {
///   var left, right: HeapRef<Node>?
///   var value: Int
///   mutating func trace(_ tracer: inout HeapTracer) {
///     tracer.visit(&left)
///     tracer.visit(&right)
///   }
/// }
/// ```
public protocol HeapTraceable {
  /// Visits every reference in the value, in place.
  ///
  /// An implementation must do nothing else: it must not call the process's context or access the heap.
  mutating func trace(_ tracer: inout HeapTracer)

  /// Traces consecutive values; the default implementation is right for every type.
  static func traceAll(_ values: HeapElements, _ tracer: inout HeapTracer)
}

extension HeapTraceable {
  /// Traces the values one after the other.
  @inlinable
  public static func traceAll(_ values: HeapElements, _ tracer: inout HeapTracer) {
    let first = Handle<Self>(address: values.address)
    for index in 0..<values.count { first.advanced(by: index).it.trace(&tracer) }
  }
}

/// Consecutive values of one type on a heap.
public struct HeapElements {
  @usableFromInline let address: UInt
  @usableFromInline let count: Int
}

extension HeapElements {
  // Sound: the value stays in place while the closure runs.
  /// Calls the closure with a value that is not on a heap.
  static func withValue<Value>(_ value: inout Value, _ body: (HeapElements) -> Void) {
    unsafe withUnsafeMutablePointer(to: &value) { pointer in
      body(HeapElements(address: UInt(bitPattern: pointer), count: 1))
    }
  }
}

extension HeapRef: HeapTraceable {
  /// Visits the reference.
  @inlinable
  public mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&self) }
}

extension HeapArray: HeapTraceable {
  /// Visits the reference.
  @inlinable
  public mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&self) }
}

extension Optional: HeapTraceable where Wrapped: HeapTraceable {
  /// Visits the references in the wrapped value, if there is one.
  @inlinable
  public mutating func trace(_ tracer: inout HeapTracer) { self?.trace(&tracer) }
}

extension Array: HeapTraceable where Element: HeapTraceable {
  /// Visits the references in every element.
  @inlinable
  public mutating func trace(_ tracer: inout HeapTracer) {
    for index in indices { self[index].trace(&tracer) }
  }
}

extension Dictionary: HeapTraceable where Value: HeapTraceable {
  /// Visits the references in every value.
  @inlinable
  public mutating func trace(_ tracer: inout HeapTracer) {
    // Order: the order of the visits is not observable.
    for index in values.indices { values[index].trace(&tracer) }
  }
}
