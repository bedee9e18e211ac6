// SPDX-License-Identifier: Apache-2.0
//
// Two stacks and the switch between them, without a runtime: the lower bound of a process switch's cost.

import CJoist

// Sound: this value is the only owner of both pointers, and it cannot be copied.
/// The caller's stack and a second stack, on which the only code is a switch back.
@safe struct BareSwitch: ~Copyable {
  @unsafe private struct State {
    var here: UnsafeMutableRawPointer?
    var there: UnsafeMutableRawPointer?
  }

  private static let stackBytes = 8_192
  private static let pageBytes = 4_096

  private let state: UnsafeMutablePointer<State>
  private let stack: UnsafeMutableRawPointer

  // Sound: both are allocated here and freed by `deinit`; the frame laid on the stack receives the state, which lives
  // as long as the stack.
  init() {
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State())
    unsafe stack = .allocate(byteCount: Self.stackBytes + Self.pageBytes, alignment: Self.pageBytes)
    // The two stack pointers are half a page apart modulo the page size: a processor delays a load behind earlier
    // stores whose addresses have the same low bits.
    let place = (Int(bitPattern: joist_stack_pointer()) + Self.pageBytes / 2) % Self.pageBytes & ~15
    unsafe state.pointee.there = joist_stack_lay(
      stack + Self.stackBytes + place,
      { unsafe BareSwitch.switchBack($0.assumingMemoryBound(to: State.self)) },
      state
    )
  }

  // Sound: the other stack holds only plain words, and no switch to it happens again.
  deinit {
    unsafe stack.deallocate()
    unsafe state.deallocate()
  }

  /// Switches to the other stack and back `count` times.
  // Sound: `there` was laid by `init` or saved by `switchBack`, which switches to the context that this switch saves.
  borrowing func goAndReturn(_ count: Int) {
    for _ in 0..<count { unsafe joist_switch(&state.pointee.here, state.pointee.there!) }
  }

  // Sound: runs on the other stack only, and `goAndReturn`, which switched to it, is suspended meanwhile.
  private static func switchBack(_ state: UnsafeMutablePointer<State>) {
    while true { unsafe joist_switch(&state.pointee.there, state.pointee.here!) }
  }
}
