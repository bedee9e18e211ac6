// SPDX-License-Identifier: Apache-2.0
//
// Functions for tests of the pools of memory blocks.

extension ProcessRuntime {
  /// Returns the size of the block that saved frames of `bytes` bytes take.
  package static func savedFramesBlock(for bytes: Int) -> Int { SavedFramesPool.bytesTaken(for: bytes) }

  /// The number of free blocks for saved frames that no scheduler keeps.
  package var freeSavedFrames: Int { core.it.slots.savedFramesPool.free }

  /// Returns the number of free blocks that a scheduler keeps: for messages, for heaps and for saved frames.
  package func keptBlocks(_ scheduler: Int) -> [Int] {
    let scheduler = core.it.scheduler(scheduler)
    return [scheduler.it.nodes.count, scheduler.it.heapBlocks.count, scheduler.it.savedFramesPool.count]
  }
}
