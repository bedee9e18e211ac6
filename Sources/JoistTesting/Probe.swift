// SPDX-License-Identifier: Apache-2.0
//
// A process that stands for the test: others send to it, and the test says what it expects.

public import Joist
public import JoistSimulation
import Synchronization
public import Testing

/// A process that keeps what it is sent, for the test to look at.
///
/// Its ``ref`` goes wherever the code under test wants somebody's. Looking has the simulation go on.
public final class Probe<Message: Sendable> {
  /// Where to send.
  public let ref: ProcessRef<Message>
  private let simulation: Simulation
  private let received = ProbeMail<Message>()

  /// A probe on a simulation's runtime.
  public init(on simulation: Simulation, taking type: Message.Type = Message.self) {
    self.simulation = simulation
    let mail = received
    ref = simulation.runtime.spawn(Message.self) { process in
      while true { mail.add(try process.receive()) }
    }
  }

  /// The next message, which must come within so long of simulated time; nil, and an issue, if none does.
  @discardableResult
  public func expectMessage(
    within time: Duration = .zero,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Message? {
    if let message = try next(within: time) { return message }
    Issue.record("no message came within \(time) of simulated time", sourceLocation: sourceLocation)
    return nil
  }

  /// No message may come within so long of simulated time.
  public func expectNoMessage(
    within time: Duration = .zero,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    if let message = try next(within: time) {
      Issue.record("a message came, and none was to: \(message)", sourceLocation: sourceLocation)
    }
  }

  private func next(within time: Duration) throws -> Message? {
    let mail = received
    try simulation.go(until: { mail.hasAny }, within: time)
    return mail.takeFirst()
  }
}

extension Probe where Message: Equatable {
  /// The next message must be this one, and come within so long of simulated time.
  public func expectMessage(
    _ expected: Message,
    within time: Duration = .zero,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    guard let message = try expectMessage(within: time, sourceLocation: sourceLocation) else { return }
    #expect(message == expected, sourceLocation: sourceLocation)
  }
}

/// What a probe was sent and the test has not looked at.
private final class ProbeMail<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])

  func add(_ message: Message) { messages.withLock { $0.append(message) } }
  var hasAny: Bool { messages.withLock { !$0.isEmpty } }
  func takeFirst() -> Message? { messages.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}
