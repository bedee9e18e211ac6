// SPDX-License-Identifier: Apache-2.0
//
// What happens to the view: keys, answers, signals. Threads put events into a queue, and the loop takes them out.

import Dispatch
import Foundation
import JoistObservation
import Synchronization

/// Something that the loop of the view reacts to.
enum TopEvent: Sendable {
  case bytes([UInt8])
  /// The input has ended.
  case inputEnded
  /// The terminal has another size, or shows something else.
  case resized
  /// The program goes on after it was stopped.
  case continued
  /// A signal asks this program to end.
  case ended(signal: Int32)
  case answered(TopAnswer)
  /// The watched program does not answer any more.
  case vanished(InspectionError)
  case acted(ControlAction, String, failure: String?)
}

/// A queue of events; any thread may add one.
final class TopEvents: Sendable {
  private let events = Mutex<[TopEvent]>([])
  private let count = DispatchSemaphore(value: 0)

  /// Adds an event.
  func add(_ event: TopEvent) {
    events.withLock { $0.append(event) }
    count.signal()
  }

  /// Waits for an event until a time of the view's clock; returns nil if none came.
  func next(until time: Int64?) -> TopEvent? {
    let deadline = time.map { DispatchTime(uptimeNanoseconds: UInt64(max(0, $0))) } ?? .distantFuture
    guard count.wait(timeout: deadline) == .success else { return nil }
    return events.withLock { $0.isEmpty ? nil : $0.removeFirst() }
  }

  /// The time of the view's clock in nanoseconds.
  static var now: Int64 { Int64(clamping: DispatchTime.now().uptimeNanoseconds) }

  /// Starts a thread that adds the bytes of the terminal as events.
  func watchInput() {
    Thread.detachNewThread {
      while true {
        let bytes = Terminal.read()
        guard !bytes.isEmpty else { return self.add(.inputEnded) }
        self.add(.bytes(bytes))
      }
    }
  }

  /// Turns signals into events while the result is kept.
  func watchSignals() -> [any DispatchSourceSignal] {
    let ends: [Int32] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    let meanings = ends.map { ($0, TopEvent.ended(signal: $0)) } + [(SIGWINCH, .resized), (SIGCONT, .continued)]
    return meanings.map { number, event in
      // A source sees the signal also if its action is to be ignored, and then it does not end the program.
      if ends.contains(number) { signal(number, SIG_IGN) }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { self.add(event) }
      source.resume()
      return source
    }
  }
}
