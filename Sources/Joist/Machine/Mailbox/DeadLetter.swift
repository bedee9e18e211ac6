// SPDX-License-Identifier: Apache-2.0
//
// A message that reached no mailbox.

/// A message that was not delivered.
public struct DeadLetter: Sendable, Hashable {
  /// Why it was not.
  public enum Cause: Sendable, Hashable {
    /// Its process has ended.
    case noProcess
    /// The mailbox was full.
    case mailboxFull
    /// A process sent to its own mailbox, which was full and whose policy is to wait: only itself could make room.
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

  /// Who it was for.
  public let receiver: ProcessID
  /// Who sent it; nil for a thread that is no process.
  public let sender: ProcessID?
  /// The message's type.
  public let type: String
  /// Why it was not delivered.
  public let cause: Cause
}
