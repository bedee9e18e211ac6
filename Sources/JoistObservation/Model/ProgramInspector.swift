// SPDX-License-Identifier: Apache-2.0
//
// The questions that a view, a page or a command asks about a program. `RuntimeInspector` answers them within the
// program, `ControlClient` from another program over the control socket, and tests with made-up answers.

/// Answers questions about a program; each call blocks the calling thread until the answer is there.
public protocol ProgramInspector: Sendable {
  func program() throws -> ProgramDescription
  func runtime() throws -> RuntimeDescription
  /// Returns the processes with the largest figures; with `sinceLast`, those whose figures have grown most since the
  /// inspector was last asked for the same figure with `sinceLast`.
  func processes(by figure: ProcessFigure, limit: Int, sinceLast: Bool) throws -> ProcessList
  /// Returns one process, by its identity such as `#12.3` or by its name; nil if there is none.
  func process(_ idOrName: String) throws -> ProcessPage?
  func supervisionTree() throws -> [SupervisionNode]
  /// Returns all processes grouped by their stacks, the largest groups first.
  func stacks(limit: Int) throws -> [StackGroup]
  func waits(limit: Int) throws -> WaitList
  /// Returns the rings of the flight recorder as a recording, in the format of `RecordingFile`, after waiting for
  /// `seconds` with the events of `level` recorded; zero takes what is there.
  func recording(seconds: Double, level: String) throws -> [UInt8]
  /// Samples which functions run, for that time.
  func profile(seconds: Double) throws -> [ProfiledStack]
  /// Returns the whole program as text, or as JSON lines.
  func dump(asJSON: Bool, limitBytes: Int) throws -> [UInt8]
  /// Ends, suspends or resumes a process; throws if the program does not allow that.
  func control(_ action: ControlAction, _ idOrName: String) throws
}

/// What one program may do to a process of another.
public enum ControlAction: String, Codable, Sendable, Hashable, CaseIterable {
  case kill, suspend, resume
}

/// A stack that a sampler has seen.
public struct ProfiledStack: Codable, Sendable, Hashable {
  /// The process that ran, by its name or identity.
  public var process: String
  /// The number of samples that saw this stack.
  public var count: Int
  /// The stack, innermost frame first.
  public var stack: [StackFrame]

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(process: String, count: Int, stack: [StackFrame]) {
    self.process = process
    self.count = count
    self.stack = stack
  }
}

/// Why a question was not answered.
public struct InspectionError: Error, Codable, Sendable, Hashable, CustomStringConvertible {
  /// One line that says what is wrong and what to do.
  public var description: String

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(_ description: String) { self.description = description }
}
