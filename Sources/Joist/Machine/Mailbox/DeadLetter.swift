// SPDX-License-Identifier: Apache-2.0
//
// The record of a message that reached no mailbox.

/// A description of a message that was not delivered.
public struct DeadLetter: Sendable, Hashable {
  /// The reason why a message was not delivered.
  public enum Cause: Sendable, Hashable {
    /// The receiving process has ended.
    case noProcess
    /// The mailbox was full.
    case mailboxFull
    /// A process sent to its own full mailbox, whose policy is to block: only the process itself could make space.
    case ownMailboxFull

    init(_ refusal: WaitResult) {
      self =
        switch refusal {
        case .noProcess: .noProcess
        case .ownMailboxFull: .ownMailboxFull
        default: .mailboxFull
        }
    }

    var words: String {
      switch self {
      case .noProcess: "no process"
      case .mailboxFull: "mailbox full"
      case .ownMailboxFull: "a process cannot wait for room in its own mailbox"
      }
    }
  }

  /// The process that the message was for.
  public let receiver: ProcessID
  /// The process that sent the message; nil for a thread that is not a process.
  public let sender: ProcessID?
  /// The message's type.
  public let type: String
  /// The reason why the message was not delivered.
  public let cause: Cause
}
