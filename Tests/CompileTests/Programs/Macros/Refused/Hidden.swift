// SPDX-License-Identifier: Apache-2.0
//
// The macro cannot see conditionally compiled properties and cases, nor those that another macro makes.
// error: no macro named 'more'
// error: '@HeapTraceable' cannot see inside '#if': write the conformance by hand
// error: '@HeapTraceable' cannot see inside '#more': write the conformance by hand
// error: '@HeapTraceable' cannot see inside '#if': write the conformance by hand

import Joist
import JoistMacros

@HeapTraceable
struct State {
  #if DEBUG
    var ref: HeapRef<Int>?
  #endif
  #more
}

@HeapTraceable
enum Choice {
  #if !DEBUG
    case some(HeapRef<Int>)
  #endif
}
