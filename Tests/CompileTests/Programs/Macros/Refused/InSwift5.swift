// SPDX-License-Identifier: Apache-2.0
//
// Swift 5 does not check that a `Sendable` type has no references.
// options: -swift-version 5
// error: this may have references: make its type HeapTraceable, or Sendable in Swift 6 mode, or mark it @HeapIgnored

import Joist
import JoistMacros

@HeapTraceable
struct State {
  var ref: HeapRef<Int>
  var number: Int
}
