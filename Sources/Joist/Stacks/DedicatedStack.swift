// SPDX-License-Identifier: Apache-2.0
//
// A stack of a process's own, on request.

extension SlotTable {
  /// A slot that one process has to itself, at least so large; nil when there is no memory.
  // Sound: the mapping is this slot's alone.
  func makeDedicated(bytes: Int) -> Handle<Slot>? {
    let size = (bytes + 65_535) / 65_536 * 65_536
    guard let start = unsafe reserveDedicated(Limits.guardBytes + size) else { return nil }
    let low = UInt(bitPattern: start) + UInt(Limits.guardBytes)
    return .allocate(Slot(low: low, top: low + UInt(size), isShared: false))
  }

  /// Gives it back; its process has ended.
  // Sound: nothing runs on it, and the slot is not used again.
  func releaseDedicated(_ slot: Handle<Slot>) {
    let size = Int(slot.it.top - slot.it.low) + Limits.guardBytes
    unsafe platform.release(UnsafeMutableRawPointer(bitPattern: slot.it.low - UInt(Limits.guardBytes))!, bytes: size)
    slot.free()
  }

  // Sound: a mapping whose guard cannot be made is given back at once.
  private func reserveDedicated(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard let start = unsafe platform.reserve(bytes: bytes) else { return nil }
    if unsafe platform.guardPages(start, bytes: Limits.guardBytes) { return unsafe start }
    unsafe platform.release(start, bytes: bytes)
    return nil
  }
}
