// SPDX-License-Identifier: Apache-2.0
//
// Task-local values that one process or task hands to another. A process starts with none: a value that it got without
// being asked would live as long as the process does.

/// The values of some task-locals at one moment, to be bound elsewhere.
///
/// ```swift
/// let values = TaskLocalValues(of: ServiceContext.$current, RequestID.$current)
/// process.spawn(options: .init(taskLocals: values)) { _ in print(RequestID.current) }
/// ```
///
/// A message may have such values too, for a receiver that does something on behalf of the sender: see ``bind(_:)``.
/// Two are equal if one is a copy of the other.
public struct TaskLocalValues: Sendable, Hashable {
  /// Binds the values around a closure; an object, so that copies share it.
  private final class Binding: Sendable {
    let around: @Sendable (() -> Void) -> Void

    init(_ around: @escaping @Sendable (() -> Void) -> Void) { self.around = around }
  }

  private let binding: Binding

  /// Takes the present values of task-locals.
  ///
  /// Allocates.
  ///
  /// - Parameter locals: The task-locals, such as `ServiceContext.$current`.
  public init<each Value: Sendable>(of locals: repeat TaskLocal<each Value>) {
    var around: @Sendable (() -> Void) -> Void = { $0() }
    for local in repeat each locals { around = TaskLocalValues.binding(of: local, within: around) }
    binding = Binding(around)
  }

  private static func binding<Value: Sendable>(
    of local: TaskLocal<Value>,
    within outer: @escaping @Sendable (() -> Void) -> Void
  ) -> @Sendable (() -> Void) -> Void {
    let value = local.get()
    return { body in outer { local.withValue(value) { body() } } }
  }

  /// Calls a closure with the values bound.
  ///
  /// The closure may park the process; the values stay the process's own.
  ///
  /// - Parameter body: The closure.
  /// - Returns: What the closure returns.
  /// - Throws: What the closure throws.
  public func bind<Success: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Success
  ) throws(Failure) -> Success {
    var result: Success?
    var failure: Failure?
    binding.around { do throws(Failure) { result = try body() } catch { failure = error } }
    if let failure { throw failure }
    return result.take()!
  }

  /// Whether one is a copy of the other.
  public static func == (first: TaskLocalValues, second: TaskLocalValues) -> Bool { first.binding === second.binding }

  /// Hashes the identity of the values.
  public func hash(into hasher: inout Hasher) {
    // Order: nothing but equality depends on the address.
    hasher.combine(ObjectIdentifier(binding))
  }
}
