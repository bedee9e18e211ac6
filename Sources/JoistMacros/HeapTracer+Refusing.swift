// SPDX-License-Identifier: Apache-2.0
//
// Overloads that the compiler chooses for a property whose type is not `HeapTraceable` and may have references. Without
// them the compiler refuses the property too, but its error mentions only `Sendable`.

#if Macros
  public import Joist

  extension HeapTracer {
    /// Does not compile; the compiler chooses it where no other overload fits.
    public mutating func visit<Value>(
      _ value: inout Value,
      _ refusal: Void = #heapRefusal(
        "this may have references: make its type HeapTraceable, or Sendable in Swift 6 mode, or mark it @HeapIgnored"
      )
    ) {}

    /// Does not compile; the compiler chooses it where no other overload fits.
    public func skip<Value>(
      _ value: @autoclosure () -> Value,
      _ refusal: Void = #heapRefusal(
        "this may have references and is not a plain 'var': make it one, or its type Sendable, or mark it @HeapIgnored"
      )
    ) {}

    /// Does not compile; the compiler chooses it for a value with references that cannot be changed in place.
    public func skip<Value: HeapTraceable>(
      _ value: @autoclosure () -> Value,
      _ refusal: Void = #heapRefusal("this has references, but cannot be changed in place: make it a plain 'var'")
    ) {}

    /// Does nothing, because a `Sendable` value has no references.
    @inlinable @inline(__always)
    public func skip<Value: HeapTraceable & Sendable>(_ value: @autoclosure () -> Value) {}
  }

  /// Does not compile; the compiler reports `sentence` as the error.
  @freestanding(expression)
  public macro heapRefusal(_ sentence: StaticString) =
    #externalMacro(module: "JoistMacrosPlugin", type: "HeapRefusalMacro")
#endif
