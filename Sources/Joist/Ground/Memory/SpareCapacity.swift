// SPDX-License-Identifier: Apache-2.0
//
// Growing a collection under a lock without calling malloc there, because malloc may fail. A caller that finds no spare
// capacity releases the lock, allocates a larger empty collection, and tries again with that.

extension Array {
  /// Returns whether one more element fits, after moving into `room` if that is larger.
  @inline(__always)
  mutating func hasRoom(_ room: inout Self) -> Bool {
    if count < capacity { return true }
    guard count < room.capacity else { return false }
    room.append(contentsOf: self)
    swap(&self, &room)
    return true
  }

  /// Appends all elements of another collection if they fit; otherwise changes nothing and returns the capacity needed.
  mutating func fill(from other: some Collection<Element>) -> Int? {
    guard other.count <= capacity else { return other.count }
    append(contentsOf: other)
    return nil
  }
}

extension Dictionary {
  /// Returns whether one more entry fits, after moving into `room` if that is larger.
  mutating func hasRoom(_ room: inout Self) -> Bool {
    if count < capacity { return true }
    guard count < room.capacity else { return false }
    // Order: the order of the copies is not observable.
    for (key, value) in self { room[key] = value }
    swap(&self, &room)
    return true
  }
}
