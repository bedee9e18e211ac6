// SPDX-License-Identifier: Apache-2.0
//
// The macro rejects what may have references and does not declare them, and says what to do about it.
// error: this may have references: make its type HeapTraceable, or Sendable in Swift 6 mode, or mark it @HeapIgnored
// error: this may have references: make its type HeapTraceable
// error: this may have references: make its type HeapTraceable
// error: this may have references: make its type HeapTraceable
// error: this may have references: make its type HeapTraceable
// error: this may have references and is not a plain 'var': make it one, or its type Sendable, or mark it @HeapIgnored
// error: this has references, but cannot be changed in place: make it a plain 'var'
// error: this may have references: make its type HeapTraceable

import Joist
import JoistMacros

struct Hoard { var ref: HeapRef<Int> }

typealias Links = [HeapRef<Int>]

@HeapTraceable
struct State<Content> {
  var hoard: Hoard
  var hoards: [String: [Hoard?]]
  var pairs: [(HeapRef<Int>, Int)]
  var action: () -> Int
  var content: Content
  let constant: Hoard
  let links: Links
}

@HeapTraceable
enum Choice {
  case none
  case some(Int, Hoard)
}
