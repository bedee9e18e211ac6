// SPDX-License-Identifier: Apache-2.0
//
// Associated values are taken out of their case and put back.

import Joist
import JoistMacros

final class File {}

@HeapTraceable
indirect enum Tree<Element: Sendable> {
  case empty
  case leaf(Element)
  case `default`(in: HeapRef<Int>, _ count: Int, Tree)
  @HeapIgnored case opaque(File)
}

@HeapTraceable
enum Colour {
  case red
  case green
}
