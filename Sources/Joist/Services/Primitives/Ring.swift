// SPDX-License-Identifier: Apache-2.0
//
// The memory of a channel. Who uses it holds a permit (CH1).

/// A ring of elements.
// Sound: everything is done under the lock; a place is initialised if and only if it is one of the `count` from `first`
// on.
@safe
final class Ring<Element: ~Copyable>: @unchecked Sendable {
  private let lock = SpinLock()
  private let places: UnsafeMutablePointer<Element>
  private let capacity: Int
  private var first = 0
  private var filled = 0
  private var closed = false

  init(capacity: Int) {
    self.capacity = capacity
    unsafe places = .allocate(capacity: capacity)
  }

  deinit {
    while take() != nil {}
    unsafe places.deallocate()
  }

  var count: Int { lock.withLock { filled } }
  var isClosed: Bool { lock.withLock { closed } }

  /// False when it was closed before.
  func close() -> Bool {
    lock.withLock {
      defer { closed = true }
      return !closed
    }
  }

  // Sound: as above; the permit says that there is room. Likewise below.
  /// Puts one in at the end; returns it when the ring is closed.
  func put(_ element: consuming sending Element) -> sending Element? {
    lock.lock()
    guard !closed else {
      lock.unlock()
      return element
    }
    unsafe (places + (first + filled) % capacity).initialize(to: element)
    filled += 1
    lock.unlock()
    return nil
  }

  /// Takes the oldest out; nil when there is none.
  func take() -> sending Element? {
    lock.lock()
    defer { lock.unlock() }
    guard filled > 0 else { return nil }
    let element = unsafe (places + first).move()
    first = (first + 1) % capacity
    filled -= 1
    return element
  }
}
