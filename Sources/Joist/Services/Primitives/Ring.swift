// SPDX-License-Identifier: Apache-2.0
//
// The memory of a channel's elements. A caller of `put` or `take` holds a permit of the channel (CH1).

/// A ring buffer of elements.
// Sound: the slots are touched under the lock only; a slot is initialized if and only if it is one of the `filled`
// slots from `first` on.
@safe
final class Ring<Element: ~Copyable>: @unchecked Sendable {
  private let lock = SpinLock()
  private let slots: UnsafeMutablePointer<Element>
  private let capacity: Int
  private var first = 0
  private var filled = 0
  private var closed = false

  init(capacity: Int) {
    self.capacity = capacity
    unsafe slots = .allocate(capacity: capacity)
  }

  deinit {
    while take() != nil {}
    unsafe slots.deallocate()
  }

  var count: Int { lock.withLock { filled } }
  var isClosed: Bool { lock.withLock { closed } }

  /// Closes the ring; returns false if it was closed before.
  func close() -> Bool {
    lock.withLock {
      defer { closed = true }
      return !closed
    }
  }

  // Sound: the caller's permit ensures that the slot is free. Likewise in `take`, that the element is there.
  /// Appends an element; returns it to the caller if the ring is closed.
  func put(_ element: consuming sending Element) -> sending Element? {
    lock.lock()
    guard !closed else {
      lock.unlock()
      return element
    }
    unsafe (slots + (first + filled) % capacity).initialize(to: element)
    filled += 1
    lock.unlock()
    return nil
  }

  /// Takes out the oldest element; returns nil if there is none.
  func take() -> sending Element? {
    lock.lock()
    defer { lock.unlock() }
    guard filled > 0 else { return nil }
    let element = unsafe (slots + first).move()
    first = (first + 1) % capacity
    filled -= 1
    return element
  }
}
