// SPDX-License-Identifier: Apache-2.0
//
// How long a supervisor waits before it starts a child again.

package import Joist

/// How long a supervisor waits before it starts a child again.
public enum Backoff: Sendable, Hashable {
  /// Not at all, as in OTP.
  case none
  /// `from` at first, then twice as long each time, up to `to`; after a child has run for a whole window, `from` again.
  ///
  /// Of each wait a random part is left out, the `jitter` (0…1) of it at most, so that many that fail together do not
  /// come back together. A seed makes the same choice in every run.
  case exponential(from: Duration, to: Duration, jitter: Double = 0.5, seed: UInt64? = nil)

  /// Stops the program with a sentence for figures out of range.
  func check() {
    guard case .exponential(let from, let to, let jitter, _) = self else { return }
    precondition(from > .zero && to >= from, "Backoff: `from` is more than zero and no more than `to`")
    precondition((0...1).contains(jitter), "Backoff: `jitter` is between 0 and 1")
  }

  /// What the jitter is drawn from.
  package var generator: SplitMix64 {
    guard case .exponential(_, _, _, let seed?) = self else {
      var system = SystemRandomNumberGenerator()
      return SplitMix64(seed: system.next())
    }
    return SplitMix64(seed: seed)
  }

  /// The wait before an attempt, the first is 0; nil for none.
  package func delay(attempt: Int, _ generator: inout SplitMix64) -> Duration? {
    guard case .exponential(let from, let longest, let jitter, _) = self else { return nil }
    // Doubling, and adding to the time of day, must not overflow.
    let to = min(longest, .longestSleep)
    var (delay, doublings) = (min(from, to), 0)
    while doublings < attempt && delay < to {
      delay = min(to, delay * 2)
      doublings += 1
    }
    return delay * (1 - jitter * generator.nextFraction())
  }
}
