// SPDX-License-Identifier: Apache-2.0
//
// The errors of supervisors.

public import Joist

/// The reason why a supervisor did not start, or refused a request.
public enum SupervisorError: Error, CustomStringConvertible {
  /// Two children have the same name.
  case duplicateChild(String)
  /// A child did not start: its `start` threw, it ended before it had started, or its process could not be created.
  ///
  /// If the supervisor itself was starting, it has ended the children before that one, in reverse order.
  case startFailed(child: String, ExitReason)
  /// No child has that name or that process.
  case unknownChild(String)
  /// The child runs or is about to be started, so it cannot be restarted or deleted.
  case stillRunning(String)
  /// The dynamic supervisor has reached its maximum number of children.
  case tooManyChildren(Int)
  /// A permanent child cannot be significant, because it is always restarted.
  case permanentIsSignificant(String)
  /// A significant child needs a supervisor whose `autoShutdown` is not `.never`, so it cannot be dynamic.
  case significantWithoutAutoShutdown(String)
  /// Several children of the dynamic supervisor have that name: pass the process instead.
  case ambiguousName(String)
  /// The supervisor ended while it was starting.
  case ended(ExitReason)
  /// A dynamic supervisor forgets children that have ended, so none can be restarted or deleted on request.
  case notForDynamic

  /// The reason in one sentence.
  public var description: String {
    switch self {
    case .duplicateChild(let name): "two children have the name '\(name)'"
    case .startFailed(let name, let reason): "the child '\(name)' did not start: \(reason)"
    case .unknownChild(let name): "there is no child '\(name)'"
    case .stillRunning(let name): "the child '\(name)' has not ended"
    case .tooManyChildren(let maximum): "the supervisor has \(maximum) children, its maximum"
    case .permanentIsSignificant(let name): "the child '\(name)' is permanent, so it cannot be significant"
    case .significantWithoutAutoShutdown(let name):
      "the child '\(name)' is significant, but its supervisor's `autoShutdown` is `.never`"
    case .ambiguousName(let name): "several children have the name '\(name)'"
    case .ended(let reason): "the supervisor ended while it was starting: \(reason)"
    case .notForDynamic: "a dynamic supervisor forgets children that have ended"
    }
  }
}

/// The error with which a supervisor ends when its children have ended too often.
public struct TooManyRestarts: Error, CustomStringConvertible {
  /// The number of restarts that were allowed.
  public let intensity: Int
  /// The window in which they were allowed.
  public let window: Duration
  /// The name of the child whose restart would have been one too many.
  public let child: String
  /// The reason for which that child ended.
  public let lastReason: ExitReason

  /// The error in one sentence.
  public var description: String {
    "more than \(intensity) restarts within \(window); the last end was that of '\(child)': \(lastReason)"
  }
}
