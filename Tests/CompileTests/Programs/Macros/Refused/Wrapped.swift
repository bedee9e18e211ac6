// SPDX-License-Identifier: Apache-2.0
//
// What a property wrapper stores is not guessed.
// error: '@HeapTraceable' does not see what '@Wrapped' stores for 'number': mark it '@HeapIgnored'
// remedy: mark it '@HeapIgnored'

import Joist
import JoistMacros

@propertyWrapper
struct Wrapped { var wrappedValue: Int }

@HeapTraceable
struct State {
  @Wrapped var number: Int
}
