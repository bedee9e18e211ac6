// SPDX-License-Identifier: Apache-2.0
//
// The link of a timer wheel, embedded in what is due at a time: a waiting process's timer or a message timer.

import Synchronization

/// The wheel and the list that an entry is in.
struct TimerPlace: Equatable {
  /// The index of the wheel's scheduler, and the list: level and position.
  let rawValue: UInt32
  static let none = TimerPlace(rawValue: .max)

  init(rawValue: UInt32) { self.rawValue = rawValue }
  init(wheel: Int, list: Int) { rawValue = UInt32(wheel) << 16 | UInt32(list) }

  var wheel: Int { Int(rawValue >> 16) }
  var list: Int { Int(rawValue & 0xffff) }
}

/// An entry of a wheel.
package struct TimerEntry: ~Copyable {
  /// The wheel, and the list in it, that the entry is in.
  ///
  /// Changed under that wheel's lock, like `next`, `previous` and `due`.
  private let placeWord = Atomic<UInt32>(TimerPlace.none.rawValue)
  /// The kind of value that the entry is embedded in.
  let kind: Kind
  /// Whether a message timer is in its receiver's list, under the lock of the receiver's extras (TM5).
  var isListed = false
  var next: Handle<TimerEntry>?
  var previous: Handle<TimerEntry>?
  /// The tick for which it was inserted.
  package var due: UInt64 = 0

  /// The kind of value that an entry is embedded in.
  package enum Kind: UInt8, Sendable {
    /// A `ProcessTimer`, the deadline of a wait.
    case process
    /// A `MessageTimer`.
    case message
  }

  package init(kind: Kind) { self.kind = kind }

  /// The place of the entry: exact under the lock of the wheel that it names, else as of about this moment.
  // Ordering: acquiring pairs with `leave`, which may have happened under another wheel's lock: a thread that finds the
  // entry in no wheel uses it, or destroys what it is embedded in. If the entry is in a wheel, the lock orders all.
  var place: TimerPlace { TimerPlace(rawValue: placeWord.load(ordering: .acquiring)) }

  /// Notes the place that the entry was inserted at.
  // Ordering: relaxed, because it only tells which lock to take.
  func enter(_ place: TimerPlace) { placeWord.store(place.rawValue, ordering: .relaxed) }

  /// Notes that the entry belongs to no wheel any more (Y5).
  // Ordering: releasing, so that a thread that finds it in no wheel finds its links as they were left.
  func leave() { placeWord.store(TimerPlace.none.rawValue, ordering: .releasing) }
}
