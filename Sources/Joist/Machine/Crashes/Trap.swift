// SPDX-License-Identifier: Apache-2.0
//
// What is known of a contained crash.

/// A crash that was contained.
///
/// It consists of one reference, so it is cheap to send.
public struct Trap: Sendable {
  private final class Facts: Sendable {
    let signal: Int32
    let message: String?
    let frames: [UInt]
    let entries: EntriesOfProcess?
    let ticksPerSecond: UInt64

    init(signal: Int32, message: String?, frames: [UInt], entries: EntriesOfProcess?, ticksPerSecond: UInt64) {
      self.signal = signal
      self.message = message
      self.frames = frames
      self.entries = entries
      self.ticksPerSecond = ticksPerSecond
    }
  }

  private let facts: Facts

  package init(
    signal: Int32,
    message: String?,
    frames: [UInt],
    entries: EntriesOfProcess? = nil,
    ticksPerSecond: UInt64 = 1
  ) {
    facts = Facts(
      signal: signal,
      message: message,
      frames: frames,
      entries: entries,
      ticksPerSecond: ticksPerSecond
    )
  }

  /// The traps for crashes for which there is no memory to tell more, by signal; made before any crash.
  private static let bare: [Trap] = (0...Int32(31)).map { signal in
    Trap(signal: signal, message: "there is no memory to tell more of this crash", frames: [])
  }

  /// Returns the trap for a crash with this signal for which there is no memory to tell more.
  ///
  /// Allocates only in the first call.
  static func bare(signal: Int32) -> Trap { bare[Int(signal & 31)] }

  /// The signal of the crash; zero if the runtime found the stack too full for one of its own calls.
  public var signal: Int32 { facts.signal }

  /// The address at which the crash happened.
  public var programCounter: UInt { facts.frames.first ?? 0 }

  /// The message of Swift's runtime, if there was one.
  ///
  /// If the standard library trapped, for instance at an index out of range, the message names a line of the library
  /// and not of your program; ``symbolicated()`` gives that. In release builds most traps have no message. When several
  /// threads crash at the same moment, the message may belong to another crash.
  public var message: String? { facts.message }

  /// The address of the crash and the return addresses from there outwards, at most 64.
  public var backtrace: [UInt] { facts.frames }

  /// What the flight recorder has of the process that crashed, oldest first: at most its last 256 entries.
  ///
  /// The last event is the crash.
  ///
  /// They are those of the scheduler on which it crashed. Empty for a crash in `blocking`, and if the recorder is off.
  public var events: [RecorderEvent] {
    facts.entries?.events(ticksPerSecond: facts.ticksPerSecond) ?? []
  }
}

extension Trap: CustomStringConvertible {
  /// The message, or the signal and the address.
  public var description: String { message ?? "signal \(signal) at \(Self.number(programCounter))" }

  /// Returns an address as text.
  static func number(_ address: UInt) -> String { "0x" + String(address, radix: 16) }
}
