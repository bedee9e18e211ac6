// SPDX-License-Identifier: Apache-2.0
//
// A process that receives messages on behalf of a test.

public import Joist
public import JoistSimulation
import Synchronization
public import Testing

/// A process that keeps the messages it receives for the test to inspect.
///
/// Pass its ``ref`` to the code under test wherever that needs the reference of a process. The expectations run the
/// simulation.
public final class Probe<Message: Sendable> {
  /// The reference to which the code under test sends messages.
  public let ref: ProcessRef<Message>
  private let simulation: Simulation
  private let received = ProbeMail<Message>()

  /// Spawns a probe on the runtime of a simulation.
  public init(on simulation: Simulation, taking type: Message.Type = Message.self) {
    self.simulation = simulation
    let mail = received
    ref = simulation.runtime.spawn(Message.self) { process in
      while true { mail.add(try process.receive()) }
    }
  }

  /// Expects a message, and runs the simulation until it arrives.
  ///
  /// Records an issue if no message arrives.
  ///
  /// - Parameters:
  ///   - time: The maximum simulated time to wait. With zero, time does not pass.
  ///   - sourceLocation: The source location of the issue.
  /// - Returns: The next message that has not been inspected; nil if none arrives.
  /// - Throws: A ``SimulationFailure`` when a rule of the runtime is broken.
  @discardableResult
  public func expectMessage(
    within time: Duration = .zero,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Message? {
    if let message = try next(within: time) { return message }
    Issue.record("no message arrived within \(time) of simulated time", sourceLocation: sourceLocation)
    return nil
  }

  /// Expects that no message arrives.
  ///
  /// Records an issue if one does.
  ///
  /// - Parameters:
  ///   - time: The simulated time to run for. With zero, time does not pass.
  ///   - sourceLocation: The source location of the issue.
  /// - Throws: A ``SimulationFailure`` when a rule of the runtime is broken.
  public func expectNoMessage(
    within time: Duration = .zero,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    if let message = try next(within: time) {
      Issue.record("an unexpected message arrived: \(message)", sourceLocation: sourceLocation)
    }
  }

  private func next(within time: Duration) throws -> Message? {
    let mail = received
    try simulation.go(until: { mail.hasAny }, within: time)
    return mail.takeFirst()
  }
}

extension Probe where Message: Equatable {
  /// Expects a given message, and runs the simulation until a message arrives.
  ///
  /// Records an issue if no message arrives or the next one is different.
  ///
  /// - Parameters:
  ///   - expected: The expected message.
  ///   - time: The maximum simulated time to wait. With zero, time does not pass.
  ///   - sourceLocation: The source location of the issue.
  /// - Throws: A ``SimulationFailure`` when a rule of the runtime is broken.
  public func expectMessage(
    _ expected: Message,
    within time: Duration = .zero,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    guard let message = try expectMessage(within: time, sourceLocation: sourceLocation) else { return }
    #expect(message == expected, sourceLocation: sourceLocation)
  }
}

/// The messages that a probe has received and the test has not inspected.
private final class ProbeMail<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])

  func add(_ message: Message) { messages.withLock { $0.append(message) } }
  var hasAny: Bool { messages.withLock { !$0.isEmpty } }
  func takeFirst() -> Message? { messages.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
}
