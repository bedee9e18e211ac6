// SPDX-License-Identifier: Apache-2.0
//
// How types say where their references are.

/// A type that has references into a private heap and says where they are.
///
/// ``HeapRef`` and ``HeapArray`` are such themselves, and so are optionals, arrays and dictionaries of what is one. A
/// type with references on the heap must conform, and visit them all: what a collection does not see it does not keep.
/// A `trace` may visit what has none as well, so that every property is there. The macro of JoistMacros, a product of
/// its own, writes such a one.
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
  /// Visits every reference in it, in place.
  ///
  /// Does nothing else: no call of the process's context, no access to the heap.
  mutating func trace(_ tracer: inout HeapTracer)

  /// Traces values that lie one after the other: the runtime's own, and right as it is.
  static func traceAll(_ values: HeapElements, _ tracer: inout HeapTracer)
}

extension HeapTraceable {
  /// One after the other.
  @inlinable
  public static func traceAll(_ values: HeapElements, _ tracer: inout HeapTracer) {
    let first = Handle<Self>(address: values.address)
    for index in 0..<values.count { first.advanced(by: index).it.trace(&tracer) }
  }
}

/// Values of some type on a heap, one after the other.
public struct HeapElements {
  @usableFromInline let address: UInt
  @usableFromInline let count: Int
}

extension HeapElements {
  // Sound: the value is there for as long as the closure runs.
  /// Does something with a value that is on no heap.
  static func withValue<Value>(_ value: inout Value, _ body: (HeapElements) -> Void) {
    unsafe withUnsafeMutablePointer(to: &value) { pointer in
      body(HeapElements(address: UInt(bitPattern: pointer), count: 1))
    }
  }
}

extension HeapRef: HeapTraceable {
  /// Visits it.
  @inlinable
  public mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&self) }
}

extension HeapArray: HeapTraceable {
  /// Visits it.
  @inlinable
  public mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&self) }
}

extension Optional: HeapTraceable where Wrapped: HeapTraceable {
  /// Visits what there is.
  @inlinable
  public mutating func trace(_ tracer: inout HeapTracer) { self?.trace(&tracer) }
}

extension Array: HeapTraceable where Element: HeapTraceable {
  /// Visits every element.
  @inlinable
  public mutating func trace(_ tracer: inout HeapTracer) {
    for index in indices { self[index].trace(&tracer) }
  }
}

extension Dictionary: HeapTraceable where Value: HeapTraceable {
  /// Visits every value.
  @inlinable
  public mutating func trace(_ tracer: inout HeapTracer) {
    // Order: none shows, for who was visited first is not to be found out.
    for index in values.indices { values[index].trace(&tracer) }
  }
}
