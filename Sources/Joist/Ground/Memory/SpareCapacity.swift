// SPDX-License-Identifier: Apache-2.0
//
// Growing under a lock without calling malloc there, for that may fail. Who finds no room lets go of the lock, makes a
// larger collection, which is empty, and comes again with that.

extension Array {
  /// Whether one more fits, after moving to the room if that is larger.
  @inline(__always)
  mutating func hasRoom(_ room: inout Self) -> Bool {
    if count < capacity { return true }
    guard count < room.capacity else { return false }
    room.append(contentsOf: self)
    swap(&self, &room)
    return true
  }

  /// Takes all of another if there is room; else nothing, and how much room that takes.
  mutating func fill(from other: some Collection<Element>) -> Int? {
    guard other.count <= capacity else { return other.count }
    append(contentsOf: other)
    return nil
  }
}

extension Dictionary {
  /// Whether one more fits, after moving to the room if that is larger.
  mutating func hasRoom(_ room: inout Self) -> Bool {
    if count < capacity { return true }
    guard count < room.capacity else { return false }
    // Order: none shows.
    for (key, value) in self { room[key] = value }
    swap(&self, &room)
    return true
  }
}
