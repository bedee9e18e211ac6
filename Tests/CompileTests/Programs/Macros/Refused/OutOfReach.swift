// SPDX-License-Identifier: Apache-2.0
//
// What visiting cannot change, or would do more to than change it.
// error: 'one' has references, which a constant does not let be changed in place: make it a plain 'var'
// error: 'two' has references, which a property with observers does not let be changed in place: make it a plain 'var'
// error: 'three' has references, which a lazy property does not let be changed in place: make it a plain 'var'
// remedy: replace 'let' with 'var'

import Joist
import JoistMacros

@HeapTraceable
struct State {
  let one: [String: [HeapRef<Int>?]]
  var two: (HeapArray<Int>, Int) { didSet {} }
  lazy var three: Joist.HeapRef<Int>? = nil
}
