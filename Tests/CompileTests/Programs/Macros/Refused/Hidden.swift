// SPDX-License-Identifier: Apache-2.0
//
// What may be there or not, and what another macro makes, is not seen.
// error: no macro named 'more'
// error: '@HeapTraceable' does not see what is within '#if': conform by hand
// error: '@HeapTraceable' does not see what is within '#more': conform by hand
// error: '@HeapTraceable' does not see what is within '#if': conform by hand

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
