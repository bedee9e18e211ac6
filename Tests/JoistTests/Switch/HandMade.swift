// SPDX-License-Identifier: Apache-2.0
//
// Contexts made by hand, without a scheduler: a stack, the switch, and the thread state that is saved across it.

import CJoist
import CSwitchProbe

/// The words in which Swift and C++ keep the state of the calling OS thread; only that thread may use this.
@safe struct ThreadWords {
  private let words: UnsafeMutablePointer<joist_words>

  // Sound: the words are allocated here and freed by `free`; the pointers in them lead to the thread's own storage.
  init(callsOnly: Bool) {
    unsafe words = .allocate(capacity: 1)
    unsafe words.initialize(to: joist_words())
    unsafe joist_words_find(words, callsOnly)
  }

  // Sound: as for `init`, after which no pointer is null; called by the thread whose words they are.
  var areFound: Bool { unsafe !words.pointee.access_by_calls && !words.pointee.locals_by_calls }
  var access: UInt { unsafe words.pointee.access?.pointee ?? .max }
  var locals: UInt { unsafe words.pointee.locals?.pointee ?? .max }
  var observation: UInt { unsafe words.pointee.observation?.pointee ?? .max }

  /// The stack of exceptions that C++ has caught, and the number of those in flight.
  var exceptions: (caught: UInt, uncaught: UInt32) {
    // Sound: as for `areFound`; the tests store numbers there only while nothing can throw.
    get { unsafe (words.pointee.caught?.pointee ?? .max, words.pointee.uncaught?.pointee ?? .max) }
    nonmutating set {
      unsafe words.pointee.caught?.pointee = newValue.caught
      unsafe words.pointee.uncaught?.pointee = newValue.uncaught
    }
  }

  var areZero: Bool { access == 0 && locals == 0 && observation == 0 && exceptions == (0, 0) }

  // Sound: `savedThreadState` is in allocated memory, so no access to a Swift property is open while its words change.
  func install(_ savedThreadState: UnsafeMutablePointer<joist_saved_state>) {
    unsafe joist_words_install(words, savedThreadState)
  }
  func remove(_ savedThreadState: UnsafeMutablePointer<joist_saved_state>) {
    unsafe joist_words_remove(words, savedThreadState)
  }

  func free() { unsafe words.deallocate() }
}

/// A body with a stack of its own, which `resume` runs until it suspends or ends.
@safe struct HandMade {
  @unsafe private struct State {
    var here: UnsafeMutableRawPointer?
    var there: UnsafeMutableRawPointer?
    var savedThreadState = unsafe joist_saved_state()
    var stack: UnsafeMutableRawPointer
    var thread: ThreadWords?
    var hasEnded = false
    var body: (HandMade) -> Void
  }

  private static let stackBytes = 256 * 1024

  private let state: UnsafeMutablePointer<State>

  // Sound: the state and the stack are allocated here and freed by `free`, when nothing runs on the stack any more.
  init(_ body: @escaping (HandMade) -> Void) {
    let stack = UnsafeMutableRawPointer.allocate(byteCount: Self.stackBytes, alignment: 16)
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State(stack: stack, body: body))
    unsafe state.pointee.there = joist_stack_lay(
      stack + Self.stackBytes,
      { unsafe HandMade(state: $0.assumingMemoryBound(to: State.self)).run() },
      state
    )
  }

  private init(state: UnsafeMutablePointer<State>) { unsafe self.state = state }

  // Sound: `State` lies in memory that `init` allocated; one thread at a time uses it.
  var hasEnded: Bool { unsafe state.pointee.hasEnded }
  var carriesNothing: Bool { unsafe state.pointee.savedThreadState.words == nil }

  /// The words of the thread that the body runs on.
  ///
  /// They must not be kept across `suspend`.
  var thread: ThreadWords? { unsafe state.pointee.thread }

  // Sound: `init` laid or `suspend` saved the context that is switched to, and this same switch saves `here`.
  func resume(on thread: ThreadWords) {
    guard let there = unsafe state.pointee.there else { fatalError("nothing was laid") }
    unsafe state.pointee.thread = thread
    unsafe thread.install(&state.pointee.savedThreadState)
    unsafe joist_switch(&state.pointee.here, there)
    unsafe thread.remove(&state.pointee.savedThreadState)
  }

  // Sound: called only on the stack of this context, while a call of `resume` on some thread waits for the switch back.
  @inline(never) func suspend() {
    guard let here = unsafe state.pointee.here else { fatalError("this context was not resumed") }
    unsafe joist_switch(&state.pointee.there, here)
  }

  private func run() -> Never {
    perform()
    suspend()
    fatalError("an ended context was resumed")
  }

  // Sound: the state outlives the body. Separate from `run`, which must own nothing when it suspends for the last time.
  @inline(never) private func perform() {
    unsafe state.pointee.body(self)
    unsafe state.pointee.hasEnded = true
  }

  // Sound: the caller does not resume the context again, whether it has ended or not.
  func free() {
    unsafe joist_saved_state_clear(&state.pointee.savedThreadState)
    unsafe state.pointee.stack.deallocate()
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  // Sound: as for `free`.
  /// Drops the saved thread state, as for a process that died.
  func forget() { unsafe joist_saved_state_clear(&state.pointee.savedThreadState) }
}

/// Runs the body on a new OS thread, on which no Task runs, with the words of that thread; returns when it has ended.
// Sound: the box lives until the thread has ended, which `probe_on_thread` waits for.
func onNewThread(callsOnly: Bool, _ body: @escaping (ThreadWords) -> Void) {
  var box = {
    let words = ThreadWords(callsOnly: callsOnly)
    body(words)
    words.free()
  }
  unsafe withUnsafeMutablePointer(to: &box) { box in
    unsafe probe_on_thread({ unsafe $0.assumingMemoryBound(to: (() -> Void).self).pointee() }, box)
  }
}
