// SPDX-License-Identifier: Apache-2.0
//
// The delay before a supervisor restarts a child.

package import Joist

/// The delay before a supervisor restarts a child.
public enum Backoff: Sendable, Hashable {
  /// No delay, as in OTP.
  case none
  /// A delay of `from` at first, which doubles with each restart up to `to`.
  ///
  /// When a child has run for a whole window, its next delay is `from` again. A random part of each delay is left out,
  /// at most the fraction `jitter` (0…1) of it, so children that fail together do not restart together. With a seed the
  /// random choices are the same in every run.
  case exponential(from: Duration, to: Duration, jitter: Double = 0.5, seed: UInt64? = nil)

  /// Fails a precondition if a value is out of range.
  func check() {
    guard case .exponential(let from, let to, let jitter, _) = self else { return }
    precondition(from > .zero && to >= from, "Backoff: `from` must be greater than zero and at most `to`")
    precondition((0...1).contains(jitter), "Backoff: `jitter` must be between 0 and 1")
  }

  /// The generator of the jitter.
  package var generator: SplitMix64 {
    guard case .exponential(_, _, _, let seed?) = self else {
      var system = SystemRandomNumberGenerator()
      return SplitMix64(seed: system.next())
    }
    return SplitMix64(seed: seed)
  }

  /// Returns the delay before a restart, or nil for no delay; `attempt` is 0 for the first.
  package func delay(attempt: Int, _ generator: inout SplitMix64) -> Duration? {
    guard case .exponential(let from, let longest, let jitter, _) = self else { return nil }
    // Neither doubling the delay nor adding it to the current time may overflow.
    let to = min(longest, .longestSleep)
    var (delay, doublings) = (min(from, to), 0)
    while doublings < attempt && delay < to {
      delay = min(to, delay * 2)
      doublings += 1
    }
    return delay * (1 - jitter * generator.nextFraction())
  }
}
