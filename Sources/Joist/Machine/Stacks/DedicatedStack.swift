// SPDX-License-Identifier: Apache-2.0
//
// A stack of a process's own, on request, or of a thread's.

extension Handle<StackSlot> {
  /// A slot that nobody else has, at least so large; nil when there is no memory.
  // Sound: the mapping is this slot's alone.
  static func dedicated(bytes: Int, on platform: any Platform) -> Handle<StackSlot>? {
    let size = (bytes + 65_535) / 65_536 * 65_536
    guard let start = unsafe reserve(Limits.guardBytes + size, on: platform) else { return nil }
    let low = UInt(bitPattern: start) + UInt(Limits.guardBytes)
    return .allocate(StackSlot(low: low, top: low + UInt(size), isShared: false))
  }

  /// Gives it back; whoever had it has ended.
  // Sound: nothing runs on it, and the slot is not used again.
  func releaseDedicated(on platform: any Platform) {
    let size = Int(it.top - it.low) + Limits.guardBytes
    unsafe platform.release(UnsafeMutableRawPointer(bitPattern: it.low - UInt(Limits.guardBytes))!, bytes: size)
    free()
  }

  // Sound: a mapping whose guard cannot be made is given back at once.
  private static func reserve(_ bytes: Int, on platform: any Platform) -> UnsafeMutableRawPointer? {
    guard let start = unsafe platform.reserve(bytes: bytes) else { return nil }
    if unsafe platform.guardPages(start, bytes: Limits.guardBytes) { return unsafe start }
    unsafe platform.release(start, bytes: bytes)
    return nil
  }
}
