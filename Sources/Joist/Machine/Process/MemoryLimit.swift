// SPDX-License-Identifier: Apache-2.0
//
// A limit for all that a process makes the machine keep for it (`SpawnOptions.memoryLimit`).
// ML1. What counts: the blocks of its heap, the messages that it has not received (MB1 counts them, their headers too),
//      and its frames, which an image would have to hold.
// ML2. Who sends counts heap and messages, and tells and wakes a process that has more than it may. The process looks
//      where it collects its mail, and where its heap grows; from then on it ends.

import CJoist

extension Handle<ProcessRecord> {
  /// Whether heap and messages are more than that.
  func isOver(_ limit: Int, mail: Int) -> Bool { limit < .max && heapBytes + mail > limit }

  /// Frames and messages, on the process's own stack.
  var bytesBesidesHeap: Int {
    let stack = it.slot!.it.top - joist_stack_pointer()
    return Int(stack) + mailBytesCounted
  }

  /// Ends the process if it has more than it may (ML2); on its own stack.
  func lookAtMemory() {
    let limit = extras().it.memoryLimit
    guard limit < .max, heapBytes + bytesBesidesHeap > limit else { return }
    fillHeap()
  }
}
