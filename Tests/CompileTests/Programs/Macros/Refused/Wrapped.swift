// SPDX-License-Identifier: Apache-2.0
//
// The macro does not guess what a property wrapper stores.
// error: '@HeapTraceable' cannot see what '@Wrapped' stores for 'number': mark it '@HeapIgnored'
// remedy: mark it '@HeapIgnored'

import Joist
import JoistMacros

@propertyWrapper
struct Wrapped { var wrappedValue: Int }

@HeapTraceable
struct State {
  @Wrapped var number: Int
}
