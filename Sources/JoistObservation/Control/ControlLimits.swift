// SPDX-License-Identifier: Apache-2.0
//
// The bounds of the control socket, each with its reason. Sizes are the same for all servers and clients; times and
// rates of a server can be set, so that tests need not wait for the usual ones.

/// How long a server waits for a client, and how often a client may ask.
package struct ControlLimits: Sendable {
  /// The time without a question after which a connection ends; a view asks each second or so, and its client connects
  /// again when it has paused longer.
  package var idle = Duration.seconds(60)
  /// The time for the first byte of the first request, and for a whole request from its first byte on; a client
  /// connects because it has a question, and sends it in one piece.
  package var request = Duration.seconds(5)
  /// The time in which a client must take at least a byte of its answer.
  package var stall = Duration.seconds(5)
  /// The time in which a client must take a whole answer, of which the longest is 256 MiB.
  package var answer = Duration.seconds(120)
  /// The time for which `close` waits for questions that are being answered.
  package var closing = Duration.seconds(5)

  /// The number of questions a second to which a connection is slowed down, and the number that may come at once; a
  /// view asks about ten questions a second, and a script may ask about each of a thousand processes.
  package var questionRate = 500.0
  package var questionBurst = 1_000.0

  package init() {}

  /// The number of bytes of a request; the longest part of one is the name of a process.
  package static let requestBytes = 64 << 10
  /// The number of bytes of an answer: the rings of a recorder with a hundred schedulers.
  package static let answerBytes = 256 << 20
  /// The number of bytes of all answers that wait to be taken by clients, so that clients cannot fill the memory.
  package static let allAnswersBytes = 512 << 20
  /// The number of bytes by which a buffer grows; a length that was only announced takes no memory.
  package static let chunkBytes = 64 << 10
  /// The number of bytes of an error.
  package static let errorBytes = 4 << 10

  /// The number of connections that are served at once, each by a thread of its own.
  package static let connections = 16
  /// The number of questions in a row that a client may ask without waiting for the answer to the one before.
  package static let questionsAhead = 64
  /// The number of rows that a question can ask for.
  package static let rows = 100_000
  /// The number of levels of a supervision tree; the encoder needs stack for each, and refuses more than 255.
  package static let treeLevels = 200
  /// The seconds for which a recording or a profile can run.
  package static let seconds = 600.0
  /// The number of sockets of a folder that are looked at.
  package static let listedSockets = 1_024
}
