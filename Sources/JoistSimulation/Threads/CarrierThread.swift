// SPDX-License-Identifier: Apache-2.0
//
// The thread of the system on which a simulation runs: one that runs no Swift task, so that what Swift keeps per thread
// is the simulation's. Stages are used again.

import CJoist
import Dispatch
import Joist
import Synchronization

/// A thread that runs what it is given, one thing after another.
// Sound: `work` is the caller's until it is handed over, and again when it is done; the words are the carrier's own.
@safe
final class CarrierThread: @unchecked Sendable {
  /// Where this thread keeps what belongs to the code on it.
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
      thread = try HostPlatform.shared.startThread(named: "joist-carrier") { [unowned self] in self.live() }
    } catch {
      fatalError("Joist: \(error)")
    }
  }

  /// One that nobody uses.
  static func take() -> CarrierThread {
    if let free = free.withLock({ $0.popLast() }) { return free }
    let carrier = CarrierThread()
    all.withLock { $0.append(carrier) }
    return carrier
  }

  /// The one that the caller is on, if it is on one.
  static var here: CarrierThread? { all.withLock { $0.first { $0.isHere } } }

  /// Nobody uses it any more.
  func giveBack() { CarrierThread.free.withLock { $0.append(self) } }

  /// Whether the caller is on it.
  var isHere: Bool { thread!.isCurrent }

  /// Runs something on a carrier: the simulations in it are on that, and nobody has to be told when one goes on.
  static func onOne<Result>(_ body: () -> Result) -> Result {
    if here != nil { return body() }
    let carrier = take()
    defer { carrier.giveBack() }
    var result: Result?
    carrier.perform { result = body() }
    return result!
  }

  // Sound: the closure is called before this returns.
  /// Runs something on the carrier, and waits for it.
  func perform(_ body: () -> Void) {
    if isHere { return body() }
    withoutActuallyEscaping(body) { body in
      work = body
      begin.signal()
      done.wait()
      work = nil
    }
  }

  // Sound: found by this thread, for this thread, which runs no task.
  private func live() {
    unsafe joist_words_find(&words.it, false)
    while true {
      begin.wait()
      work!()
      done.signal()
    }
  }

  /// A simulation has failed while somebody waits in it who cannot be told otherwise.
  func abandon(_ threads: VirtualThreads) {
    fatalError("Joist: in a simulation \(threads.failure ?? "something failed")")
  }
}
