// SPDX-License-Identifier: Apache-2.0
//
// What the compiler says of a property whose type neither visits its references nor has none for sure. Without these
// functions it refuses the property as well, but speaks of `Sendable` alone.

#if Macros
  public import Joist

  extension HeapTracer {
    /// Does not compile: it is chosen where no other fits.
    public mutating func visit<Value>(
      _ value: inout Value,
      _ refusal: Void = #heapRefusal(
        "this may have references: make its type HeapTraceable, or Sendable in Swift 6 mode, or mark it @HeapIgnored"
      )
    ) {}

    /// Does not compile: it is chosen where no other fits.
    public func skip<Value>(
      _ value: @autoclosure () -> Value,
      _ refusal: Void = #heapRefusal(
        "this may have references, and is no plain 'var': make it one, or its type Sendable, or mark it @HeapIgnored"
      )
    ) {}

    /// Does not compile.
    public func skip<Value: HeapTraceable>(
      _ value: @autoclosure () -> Value,
      _ refusal: Void = #heapRefusal("this has references, and cannot be changed in place: make it a plain 'var'")
    ) {}

    /// Does nothing: what is `Sendable` has no references.
    @inlinable @inline(__always)
    public func skip<Value: HeapTraceable & Sendable>(_ value: @autoclosure () -> Value) {}
  }

  /// Does not compile, and says why.
  @freestanding(expression)
  public macro heapRefusal(_ sentence: StaticString) =
    #externalMacro(module: "JoistMacrosPlugin", type: "HeapRefusalMacro")
#endif
