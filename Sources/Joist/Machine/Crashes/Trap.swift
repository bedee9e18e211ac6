// SPDX-License-Identifier: Apache-2.0
//
// What is known of a crash that was contained.

/// A crash that was contained.
///
/// One reference: cheap to send on.
public struct Trap: Sendable {
  private final class Facts: Sendable {
    let signal: Int32
    let message: String?
    let frames: [UInt]

    init(signal: Int32, message: String?, frames: [UInt]) {
      self.signal = signal
      self.message = message
      self.frames = frames
    }
  }

  private let facts: Facts

  package init(signal: Int32, message: String?, frames: [UInt]) {
    facts = Facts(signal: signal, message: message, frames: frames)
  }

  /// What is told of a crash for which there is no memory to tell more, by signal: made before any.
  private static let bare: [Trap] = (0...Int32(31)).map { signal in
    Trap(signal: signal, message: "there is no memory to tell more of this crash", frames: [])
  }

  /// What is told of a crash with that signal for which there is no memory to tell more.
  ///
  /// Allocates nothing once it was called.
  static func bare(signal: Int32) -> Trap { bare[Int(signal & 31)] }

  /// The signal it arrived as; zero when the runtime found the stack too full for one of its own calls.
  public var signal: Int32 { facts.signal }

  /// Where it happened.
  public var programCounter: UInt { facts.frames.first ?? 0 }

  /// What Swift's runtime said, where it said something: in release builds most traps say nothing, and
  /// ``symbolicated()`` tells more.
  ///
  /// When several threads crash at the same moment, a text may be another's.
  public var message: String? { facts.message }

  /// Where it happened, and the return addresses from there outwards: 64 at most.
  public var backtrace: [UInt] { facts.frames }
}

extension Trap: CustomStringConvertible {
  /// The message, or the signal and the address.
  public var description: String { message ?? "signal \(signal) at \(Self.number(programCounter))" }

  /// An address as it is written.
  static func number(_ address: UInt) -> String { "0x" + String(address, radix: 16) }
}
