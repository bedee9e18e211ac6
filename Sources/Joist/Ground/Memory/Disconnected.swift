// SPDX-License-Identifier: Apache-2.0
//
// A box for a value that is to leave again.

import Synchronization

/// A value on its way: put in once, opened once.
///
/// What a dictionary of class graphs holds so that one can leave again.
///
/// Swift's region analysis takes everything in a collection for one region: what is once in a dictionary cannot be sent
/// any more. A sealed value is `Sendable`, so it can.
public final class Disconnected<Value>: Sendable {
  private let value: Mutex<Value?>

  /// Takes a value that nobody else refers to.
  public init(_ value: sending Value) {
    self.value = Mutex(value)
  }

  /// Hands the value over; a second `open` is a programming mistake and stops the program with a sentence.
  public func open() -> sending Value {
    guard let value = openIfFull() else { fatalError("Sealed: the value has been taken out already") }
    return value
  }

  /// Hands the value over, or nil if it has left already.
  public func openIfFull() -> sending Value? {
    value.withLock { value in
      let taken = value
      value = nil
      return taken
    }
  }
}
