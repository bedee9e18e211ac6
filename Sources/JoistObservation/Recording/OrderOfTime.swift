// SPDX-License-Identifier: Apache-2.0
//
// The order in which what several schedulers have recorded is looked at.

extension Array {
  /// Returns the elements in order of time; those of the same time stay in their order, that of the schedulers.
  func inOrder(of time: (Element) -> Int64) -> [Element] {
    enumerated().sorted { (time($0.element), $0.offset) < (time($1.element), $1.offset) }.map(\.element)
  }
}
