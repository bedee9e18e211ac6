// SPDX-License-Identifier: Apache-2.0
//
// Two stacks and the switch between them: the floor under what a process's switch costs.

import CJoist

// Sound: both pointers are this value's alone, and no copy of it can be made.
/// The caller's stack and another one, on which nothing happens but to switch back.
@safe struct BareSwitch: ~Copyable {
  @unsafe private struct State {
    var here: UnsafeMutableRawPointer?
    var there: UnsafeMutableRawPointer?
  }

  private static let stackBytes = 8_192
  private static let pageBytes = 4_096

  private let state: UnsafeMutablePointer<State>
  private let stack: UnsafeMutableRawPointer

  // Sound: both are allocated here and freed by `deinit`; the laid frame gets the state, which lives as long.
  init() {
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State())
    unsafe stack = .allocate(byteCount: Self.stackBytes + Self.pageBytes, alignment: Self.pageBytes)
    // Half a page from where this one is in its page: a processor waits with a load for earlier stores whose addresses
    // end alike.
    let place = (Int(bitPattern: joist_stack_pointer()) + Self.pageBytes / 2) % Self.pageBytes & ~15
    unsafe state.pointee.there = joist_stack_lay(
      stack + Self.stackBytes + place,
      { unsafe BareSwitch.switchBack($0.assumingMemoryBound(to: State.self)) },
      state
    )
  }

  // Sound: the other stack owns nothing but words, and is never switched to again.
  deinit {
    unsafe stack.deallocate()
    unsafe state.deallocate()
  }

  /// Switches there and back so often.
  // Sound: `there` was laid by `init` or saved by `switchBack`, which switches to what this very switch saves.
  borrowing func goAndReturn(_ count: Int) {
    for _ in 0..<count { unsafe joist_switch(&state.pointee.here, state.pointee.there!) }
  }

  // Sound: runs on the other stack only, entered from `goAndReturn`, which waits to get back.
  private static func switchBack(_ state: UnsafeMutablePointer<State>) {
    while true { unsafe joist_switch(&state.pointee.there, state.pointee.here!) }
  }
}
