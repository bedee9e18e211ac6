// SPDX-License-Identifier: Apache-2.0
//
// A stack that belongs to one process, which asked for it, or to one thread.

extension Handle<StackSlot> {
  /// Returns a new slot of at least `bytes` that is used by one process or thread only; nil if there is no memory.
  // Sound: the mapping is this slot's alone.
  static func dedicated(bytes: Int, on platform: any Platform) -> Handle<StackSlot>? {
    let size = (bytes + 65_535) / 65_536 * 65_536
    guard let start = unsafe reserve(Limits.guardBytes + size, on: platform) else { return nil }
    let low = UInt(bitPattern: start) + UInt(Limits.guardBytes)
    return .allocate(StackSlot(low: low, top: low + UInt(size), isShared: false))
  }

  /// Gives the slot back after its process or thread has stopped using it.
  // Sound: nothing runs on the stack, and the slot is not used again.
  func releaseDedicated(on platform: any Platform) {
    let size = Int(it.top - it.low) + Limits.guardBytes
    unsafe platform.release(UnsafeMutableRawPointer(bitPattern: it.low - UInt(Limits.guardBytes))!, bytes: size)
    free()
  }

  // Sound: a mapping whose guard cannot be made is released at once.
  private static func reserve(_ bytes: Int, on platform: any Platform) -> UnsafeMutableRawPointer? {
    guard let start = unsafe platform.reserve(bytes: bytes) else { return nil }
    if unsafe platform.guardPages(start, bytes: Limits.guardBytes) { return unsafe start }
    unsafe platform.release(start, bytes: bytes)
    return nil
  }
}
