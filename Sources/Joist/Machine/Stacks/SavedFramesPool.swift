// SPDX-License-Identifier: Apache-2.0
//
// Memory for the frames of processes that are not mounted: blocks (`BlockPool`) 16 bytes apart up to a kilobyte, then
// powers of two to 4 KiB; what is larger comes from malloc. A runtime's own, given back when it is over.

import CJoist

/// The sizes of images.
enum SavedFramesPool: BlockSizes {
  private static var step: Int { 16 }
  private static var steps: Int { 1_024 / step }
  static var classes: Int { steps + 2 }

  static func bytes(ofClass index: Int) -> Int { index < steps ? (index + 1) * step : 2_048 << (index - steps) }

  /// What an image of so many bytes takes.
  static func bytesTaken(for bytes: Int) -> Int { sizeClass(of: bytes).map { self.bytes(ofClass: $0) } ?? bytes }

  /// The smallest class that holds so many bytes; nil when it is too much for any.
  static func sizeClass(of bytes: Int) -> Int? {
    if bytes <= 1_024 { return (max(bytes, 1) - 1) / step }
    return bytes <= 2_048 ? steps : bytes <= 4_096 ? steps + 1 : nil
  }
}

extension Handle<Scheduler> {
  /// Room for so many bytes of frames; nil when there is no memory.
  // Sound: the block is large enough, and in use until `giveSavedFrames`.
  func takeSavedFrames(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let sizeClass = SavedFramesPool.sizeClass(of: bytes)
    let block = unsafe sizeClass.map { unsafe it.savedFramesPool.take($0) } ?? joist_allocate(bytes, 64)
    if unsafe block != nil { it.counters.savedFramesBytes.add(SavedFramesPool.bytesTaken(for: bytes)) }
    return unsafe block
  }

  /// Takes room back that was taken for so many bytes.
  // Sound: as above.
  func giveSavedFrames(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
    it.counters.savedFramesBytes.add(-SavedFramesPool.bytesTaken(for: bytes))
    guard let sizeClass = SavedFramesPool.sizeClass(of: bytes) else { return unsafe block.deallocate() }
    unsafe it.savedFramesPool.give(block, sizeClass)
  }
}
