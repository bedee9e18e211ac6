// SPDX-License-Identifier: Apache-2.0
//
// The version of Joist.

/// What a program contains.
package enum Built {
  /// The version of the topmost section of CHANGELOG.md.
  package static let version = "0.3.0"
}
