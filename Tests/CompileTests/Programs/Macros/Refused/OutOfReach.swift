// SPDX-License-Identifier: Apache-2.0
//
// A trace cannot change these properties in place, or would have side effects if it did.
// error: 'one' has references, but a constant cannot be changed in place: make it a plain 'var'
// error: 'two' has references, but a property with observers cannot be changed in place: make it a plain 'var'
// error: 'three' has references, but a lazy property cannot be changed in place: make it a plain 'var'
// remedy: replace 'let' with 'var'

import Joist
import JoistMacros

@HeapTraceable
struct State {
  let one: [String: [HeapRef<Int>?]]
  var two: (HeapArray<Int>, Int) { didSet {} }
  lazy var three: Joist.HeapRef<Int>? = nil
}
