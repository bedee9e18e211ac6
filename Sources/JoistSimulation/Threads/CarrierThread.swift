// SPDX-License-Identifier: Apache-2.0
//
// The system thread that carries the virtual threads of a simulation. It runs no Swift task, so the state that Swift
// keeps per thread belongs to the simulation. Carrier threads are pooled and reused.

import CJoist
import Dispatch
import Joist
import Synchronization

/// A system thread that runs closures for its user, one after another.
// Sound: `work` belongs to the caller until it signals `begin` and again after `done`. Only the carrier uses `words`.
@safe
final class CarrierThread: @unchecked Sendable {
  /// The addresses of the per-thread state that belongs to the code running on this thread.
  let words: Handle<joist_words>
  private var work: (() -> Void)?
  private let begin = DispatchSemaphore(value: 0)
  private let done = DispatchSemaphore(value: 0)
  private var thread: (any PlatformThread)?

  private static let free = Mutex<[CarrierThread]>([])
  private static let all = Mutex<[CarrierThread]>([])

  private init() {
    unsafe words = .allocate(joist_words())
    do {
      thread = try HostPlatform.shared.startThread(named: "joist-carrier") { [unowned self] in self.serve() }
    } catch {
      fatalError("Joist: \(error)")
    }
  }

  /// Takes a carrier thread out of the pool, or starts one.
  static func take() -> CarrierThread {
    if let free = free.withLock({ $0.popLast() }) { return free }
    let carrier = CarrierThread()
    all.withLock { $0.append(carrier) }
    return carrier
  }

  /// The carrier thread that the caller runs on; nil on any other thread.
  static var current: CarrierThread? { all.withLock { $0.first { $0.isCurrent } } }

  /// Returns the carrier thread to the pool.
  func giveBack() { CarrierThread.free.withLock { $0.append(self) } }

  /// Whether the caller runs on this thread.
  var isCurrent: Bool { thread!.isCurrent }

  /// Runs a closure on a carrier thread.
  ///
  /// Simulations in the closure use that carrier, so they need no handover between threads when they make progress.
  static func onOne<Result>(_ body: () -> Result) -> Result {
    if current != nil { return body() }
    let carrier = take()
    defer { carrier.giveBack() }
    var result: Result?
    carrier.perform { result = body() }
    return result!
  }

  // Sound: the closure is called before this returns.
  /// Runs a closure on the carrier thread and waits for it.
  func perform(_ body: () -> Void) {
    if isCurrent { return body() }
    withoutActuallyEscaping(body) { body in
      work = body
      begin.signal()
      done.wait()
      work = nil
    }
  }

  // Sound: this thread finds its own words, and it runs no task.
  private func serve() {
    unsafe joist_words_find(&words.it, false)
    while true {
      begin.wait()
      work!()
      done.signal()
    }
  }

  /// Ends the program, because a simulation has failed inside a wait that cannot throw.
  func abandon(_ threads: VirtualThreads) {
    fatalError("Joist: in a simulation: \(threads.failure ?? "something failed")")
  }
}
