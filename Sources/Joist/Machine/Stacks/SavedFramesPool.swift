// SPDX-License-Identifier: Apache-2.0
//
// Memory for saved frames, those of processes that do not have them in their slots: blocks (`BlockPool`) in steps of 16
// bytes up to a kilobyte, then powers of two up to 4 KiB. Larger ones come from malloc. The pool belongs to a runtime
// and is released with it.

import CJoist

/// The sizes of blocks for saved frames.
enum SavedFramesPool: BlockSizes {
  private static var step: Int { 16 }
  private static var steps: Int { 1_024 / step }
  static var classes: Int { steps + 2 }

  static func bytes(ofClass index: Int) -> Int { index < steps ? (index + 1) * step : 2_048 << (index - steps) }

  /// Returns the size of the memory that saved frames of `bytes` occupy.
  static func bytesTaken(for bytes: Int) -> Int { sizeClass(of: bytes).map { self.bytes(ofClass: $0) } ?? bytes }

  /// Returns the smallest class that holds `bytes`; nil if no class does.
  static func sizeClass(of bytes: Int) -> Int? {
    if bytes <= 1_024 { return (max(bytes, 1) - 1) / step }
    return bytes <= 2_048 ? steps : bytes <= 4_096 ? steps + 1 : nil
  }
}

extension Handle<Scheduler> {
  /// Returns memory for `bytes` of frames; nil if there is none.
  // Sound: the block is large enough, and in use until `giveSavedFrames`.
  func takeSavedFrames(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let sizeClass = SavedFramesPool.sizeClass(of: bytes)
    let block = unsafe sizeClass.map { unsafe it.savedFramesPool.take($0) } ?? joist_allocate(bytes, 64)
    if unsafe block != nil { it.counters.savedFramesBytes.add(SavedFramesPool.bytesTaken(for: bytes)) }
    return unsafe block
  }

  /// Returns memory that was taken for `bytes` of frames to the pool.
  // Sound: as above.
  func giveSavedFrames(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
    it.counters.savedFramesBytes.add(-SavedFramesPool.bytesTaken(for: bytes))
    guard let sizeClass = SavedFramesPool.sizeClass(of: bytes) else { return unsafe block.deallocate() }
    unsafe it.savedFramesPool.give(block, sizeClass)
  }
}
