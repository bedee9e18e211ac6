// SPDX-License-Identifier: Apache-2.0
//
// A limit for all memory that the runtime keeps for one process (`SpawnOptions.memoryLimit`). A sender counts heap and
// messages; if these exceed the limit it tells the process and wakes it. The process itself looks when it collects its
// mail and when its heap grows. Once it is over the limit it ends.
// ML1. What counts: the blocks of the heap, the messages that were not received (MB1 counts them, headers included),
//      and the frames, which would be saved if another process needed the stack slot.

import CJoist

extension Handle<ProcessRecord> {
  /// Whether heap and unreceived messages exceed the limit.
  func isOver(_ limit: Int, mail: Int) -> Bool { limit < .max && heapBytes + mail > limit }

  /// The bytes of frames and unreceived messages; called on the process's own stack.
  var bytesBesidesHeap: Int {
    let stack = it.slot!.it.top - joist_stack_pointer()
    return Int(stack) + mailBytesCounted
  }

  /// Ends the process if it exceeds its limit (ML1); called on its own stack.
  func lookAtMemory() {
    let limit = extras().it.memoryLimit
    guard limit < .max, heapBytes + bytesBesidesHeap > limit else { return }
    fillHeap()
  }
}
