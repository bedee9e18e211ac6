// SPDX-License-Identifier: Apache-2.0
//
// What can be wrong with a supervisor's children.

public import Joist

/// Why a supervisor did not start, or did not do what it was asked.
public enum SupervisorError: Error, CustomStringConvertible {
  /// Two children have the same name.
  case duplicateChild(String)
  /// A child did not start: `start` threw, it ended before it had started, or no process could be made.
  ///
  /// A supervisor that starts has ended the children before it, in reverse order.
  case startFailed(child: String, ExitReason)
  /// No child has that name or is that process.
  case unknownChild(String)
  /// The child runs already, or is about to; so it cannot be started or deleted.
  case stillRunning(String)
  /// A dynamic supervisor has as many children as it may have.
  case tooManyChildren(Int)
  /// A permanent child cannot be significant, for it is always started again.
  case permanentIsSignificant(String)
  /// A significant child needs a supervisor whose `autoShutdown` is not `.never`; a dynamic one never has another.
  case significantWithoutAutoShutdown(String)
  /// Several children of a dynamic supervisor have that name: name the process instead.
  case ambiguousName(String)
  /// The supervisor ended while it started.
  case ended(ExitReason)
  /// A dynamic supervisor forgets its children when they end: none can be started again or deleted by hand.
  case notForDynamic

  /// One sentence.
  public var description: String {
    switch self {
    case .duplicateChild(let name): "two children have the name '\(name)'"
    case .startFailed(let name, let reason): "the child '\(name)' did not start: \(reason)"
    case .unknownChild(let name): "there is no child '\(name)'"
    case .stillRunning(let name): "the child '\(name)' has not ended"
    case .tooManyChildren(let maximum): "there are \(maximum) children, and no more are allowed"
    case .permanentIsSignificant(let name): "the child '\(name)' is permanent, so it cannot be significant"
    case .significantWithoutAutoShutdown(let name):
      "the child '\(name)' is significant, but the supervisor's `autoShutdown` is `.never`"
    case .ambiguousName(let name): "several children have the name '\(name)'"
    case .ended(let reason): "the supervisor ended while it started: \(reason)"
    case .notForDynamic: "a dynamic supervisor forgets its children when they end"
    }
  }
}

/// What a supervisor ends with when its children ended too often: `.error(TooManyRestarts)`.
public struct TooManyRestarts: Error, CustomStringConvertible {
  /// How many restarts were allowed.
  public let intensity: Int
  /// Within which time.
  public let window: Duration
  /// Whose restart would have been one too many.
  public let child: String
  /// Why that child ended.
  public let lastReason: ExitReason

  /// One sentence.
  public var description: String {
    "more than \(intensity) restarts within \(window); last '\(child)' ended: \(lastReason)"
  }
}
