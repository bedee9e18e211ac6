// SPDX-License-Identifier: Apache-2.0
//
// A box for a value that is to be sent on later.

import Synchronization

/// A box for a disconnected value: the value is put in once and taken out once.
///
/// Use it to store class graphs in a dictionary from which one of them can be sent later. Swift's region analysis
/// treats all elements of a collection as one region, so an element that was once in a dictionary cannot be sent any
/// more. A `Disconnected` box is `Sendable`, so the box can be stored and its value still sent.
public final class Disconnected<Value>: Sendable {
  private let value: Mutex<Value?>

  /// Boxes a value that nothing else refers to.
  public init(_ value: sending Value) {
    self.value = Mutex(value)
  }

  /// Takes the value out.
  ///
  /// A second `open` is a programming error and stops the program with a message.
  public func open() -> sending Value {
    guard let value = openIfFull() else { fatalError("Joist: a `Disconnected` was opened a second time") }
    return value
  }

  /// Takes the value out, or returns nil if it was taken out before.
  public func openIfFull() -> sending Value? {
    value.withLock { value in
      let taken = value
      value = nil
      return taken
    }
  }
}
