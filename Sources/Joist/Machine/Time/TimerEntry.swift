// SPDX-License-Identifier: Apache-2.0
//
// What a wheel links: embedded in whatever is due at a time, a waiting process or a message.

import Synchronization

/// Where an entry is.
struct TimerPlace: Equatable {
  /// The scheduler that has the wheel, and the list: level and position.
  let rawValue: UInt32
  static let none = TimerPlace(rawValue: .max)

  init(rawValue: UInt32) { self.rawValue = rawValue }
  init(wheel: Int, list: Int) { rawValue = UInt32(wheel) << 16 | UInt32(list) }

  var wheel: Int { Int(rawValue >> 16) }
  var list: Int { Int(rawValue & 0xffff) }
}

/// An entry of a wheel.
package struct TimerEntry: ~Copyable {
  /// In which wheel it is, and in which of its lists.
  ///
  /// Changed under that wheel's lock, like the next three.
  private let placeWord = Atomic<UInt32>(TimerPlace.none.rawValue)
  /// What it is embedded in.
  let owner: Owner
  /// Of a message timer: whether it is in its receiver's list, under the lock of the receiver's extras (TM5).
  var isListed = false
  var next: Handle<TimerEntry>?
  var previous: Handle<TimerEntry>?
  /// The tick that it was put in for.
  package var due: UInt64 = 0

  /// What an entry is embedded in.
  package enum Owner: UInt8, Sendable {
    /// A `ProcessTimer`: the end of a wait.
    case process
    /// A `MessageTimer`.
    case message
  }

  package init(owner: Owner) { self.owner = owner }

  /// Where it is: certain under the lock of the wheel that it names, else at about this moment.
  // Ordering: acquiring pairs with `leave`, which may have been done under another wheel's lock: who finds the entry in
  // no wheel uses it, or destroys what it is embedded in. Where it is in a wheel the lock orders all.
  var place: TimerPlace { TimerPlace(rawValue: placeWord.load(ordering: .acquiring)) }

  // Ordering: relaxed, for it only says which lock to take.
  func enter(_ place: TimerPlace) { placeWord.store(place.rawValue, ordering: .relaxed) }

  /// It belongs to no wheel any more (Y5).
  // Ordering: releasing, so that who finds it in no wheel finds its links as they were left.
  func leave() { placeWord.store(TimerPlace.none.rawValue, ordering: .releasing) }
}
