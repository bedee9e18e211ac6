// SPDX-License-Identifier: Apache-2.0
//
// The bounds of the arguments of this folder's commands, which are those of the control socket.

import ArgumentParser
import JoistObservation

/// Checks arguments; each check throws a `ValidationError` that names the option and its bounds.
enum InspectChecks {
  /// Checks a number of rows.
  static func limit(_ limit: Int) throws {
    guard (1...ControlLimits.rows).contains(limit) else {
      throw ValidationError("--limit is \(limit), and must be from 1 to \(ControlLimits.rows)")
    }
  }

  /// Checks a number of seconds; zero is allowed where nothing has to be waited for.
  static func seconds(_ seconds: Double, allowsZero: Bool) throws {
    let isLongEnough = allowsZero ? seconds >= 0 : seconds > 0
    guard isLongEnough, seconds <= ControlLimits.seconds else {
      let least = allowsZero ? "from 0" : "more than 0 and"
      throw ValidationError("--seconds is \(seconds), and must be \(least) to at most \(Int(ControlLimits.seconds))")
    }
  }

  /// Checks that at most one of the options that choose a format is given.
  static func oneFormat(_ options: [(name: String, isGiven: Bool)]) throws {
    let given = options.filter(\.isGiven).map(\.name)
    guard given.count < 2 else {
      throw ValidationError("\(given.joined(separator: " and ")) exclude each other: give one of them")
    }
  }
}
