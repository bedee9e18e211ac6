// SPDX-License-Identifier: Apache-2.0
//
// The lock-free code by itself: every order of the atomic steps of two or three threads, within a bound of
// interruptions. Each protocol is also tried wrong, to see that the search would tell.

import Joist
import JoistSimulation
import TestSupport
import Testing

#if DEBUG
  /// Interruptions of a search that takes long: each more is ten times as many runs.
  private let interruptions = many(30) == 30 ? 3 : 2

  struct LockFreeTests {
    @Test func `I4: what two threads push is received once, in order, and no wake is lost`() {
      let found = searchThreads(interruptions: interruptions) { threads in
        let inbox = Inbox(forTests: ())
        let mail = Mail(inbox, threads.platform)
        for sender in 0..<2 { threads.start { mail.send([sender * 10, sender * 10 + 1]) } }
        threads.start { mail.receive(4) }
        return { mail.isWrong(senders: 2, messages: 2) }
      }
      #expect(found.reason == nil, "\(found)")
      #expect(found.isComplete)
      #expect(found.runs > many(1_000))
    }

    @Test func `I4: whoever waits for a signal has it or is claimed, whatever comes first`() {
      let found = searchThreads(interruptions: 4) { sleeper($0, looksAfterParking: true) }
      #expect(found.reason == nil && found.isComplete, "\(found)")
    }

    @Test func `V1: a process that looks for signals before it parks is found to sleep for ever`() {
      let found = searchThreads(interruptions: 4) { sleeper($0, looksAfterParking: false) }
      #expect(found.reason == "a thread sleeps for ever")
    }

    @Test func `M1: a message is taken out by its receiver's end or stays with its sender, in every order`() {
      let found = searchThreads(interruptions: 3) { threads in
        let inbox = RuntimeShutdown(Inbox(forTests: ()))
        for number in 0..<2 { threads.start { inbox.push(number) } }
        threads.start { inbox.end() }
        return { inbox.isWrong() }
      }
      #expect(found.reason == nil && found.isComplete, "\(found)")
    }

    @Test func `I4: one at a time is in a lock, its owner or a visitor`() {
      let found = searchThreads(interruptions: 2) { threads in
        let counter = Shared()
        threads.start { counter.add(byOwner: true, threads.platform) }
        for _ in 0..<2 { threads.start { counter.add(byOwner: false, threads.platform) } }
        return { counter.value == 3 ? nil : "\(counter.value) of 3 were counted" }
      }
      #expect(found.reason == nil && found.isComplete, "\(found)")
    }

    @Test func `V1: counting without the lock is found to lose some`() {
      let found = searchThreads(interruptions: 2) { threads in
        let counter = Shared()
        for _ in 0..<2 { threads.start { counter.addUnlocked() } }
        return { counter.value == 2 ? nil : "\(counter.value) of 2 were counted" }
      }
      #expect(found.reason == "1 of 2 were counted")
    }

    @Test func `I4: a scheduler that falls asleep sees what a thread brings, in every order`() {
      let found = Search(schedulers: 1, isFine: true).findAmongAll(interruptions: 2, atMost: 20_000) { simulation in
        let ref = simulation.runtime.spawn(Int.self) { process in _ = try process.receive() }
        simulation.thread { ref.send(1) }
        try simulation.run()
        if simulation.runtime.statistics.messagesReceived != 1 { throw SimulationError("the message was not received") }
      }
      #expect(found.counterexample == nil, "\(String(describing: found.counterexample))")
      #expect(found.runs > 100)
    }
  }

  /// The inbox of a process that ends.
  private final class RuntimeShutdown {
    private let inbox: Inbox
    private var refused = 0
    private var taken = 0

    init(_ inbox: consuming Inbox) { self.inbox = inbox }

    func push(_ number: Int) { if inbox.isRefused(looseNode(number: number)) { refused += 1 } }

    func end() { taken += inbox.endProcess() }

    func isWrong() -> String? {
      let isEmpty = inbox.isEmptyAtRest
      return isEmpty && refused + taken == 2 ? nil : "\(refused) refused, \(taken) taken, nothing left: \(isEmpty)"
    }
  }

  /// A process's inbox with the owner's alarm.
  private final class Mail {
    private let inbox: Inbox
    private let alarm = WaitWord(forTests: ())
    private let platform: any Platform
    private var isClaimed = false
    private var received: [Int] = []

    init(_ inbox: consuming Inbox, _ platform: any Platform) {
      self.inbox = inbox
      self.platform = platform
    }

    func send(_ numbers: [Int]) {
      for number in numbers where inbox.pushMessage(looseNode(number: number)) {
        isClaimed = true
        alarm.signalOne(platform)
      }
    }

    func receive(_ count: Int) {
      while received.count < count {
        received += inbox.takeMessages().reversed().map(\.looseNumber)
        guard received.count < count else { return }
        isClaimed = false
        guard inbox.parkForMail() else { continue }
        while !isClaimed {
          let seen = alarm.seenNow
          if !isClaimed { platform.wait(on: alarm, while: seen, until: nil) }
        }
      }
    }

    func isWrong(senders: Int, messages: Int) -> String? {
      for sender in 0..<senders {
        let its = received.filter { $0 / 10 == sender }
        if its != (0..<messages).map({ sender * 10 + $0 }) { return "received \(received)" }
      }
      return nil
    }
  }

  /// A process that waits for a signal, and one that raises it (G2).
  private func sleeper(_ threads: LooseThreads, looksAfterParking: Bool) -> () -> String? {
    let inbox = Shared()
    var wakes = 0
    threads.start {
      inbox.signals.raiseWoken()
      if inbox.inbox.claimParked() {
        wakes += 1
        inbox.alarm.signalOne(threads.platform)
      }
    }
    threads.start {
      var isAwake = !looksAfterParking && inbox.signals.isWoken
      if !isAwake {
        inbox.inbox.parkForSignals()
        isAwake = looksAfterParking && inbox.signals.isWoken && inbox.inbox.claimParked()
      }
      if isAwake { wakes += 1 }
      while wakes == 0 {
        let seen = inbox.alarm.seenNow
        if wakes == 0 { threads.platform.wait(on: inbox.alarm, while: seen, until: nil) }
      }
    }
    return { wakes == 1 ? nil : "woken \(wakes) times" }
  }

  /// What threads share.
  private final class Shared {
    let inbox = Inbox(forTests: ())
    let signals = Signals(forTests: ())
    let alarm = WaitWord(forTests: ())
    private let lock = OwnedLock(forTests: ())
    private(set) var value = 0

    func add(byOwner: Bool, _ platform: any Platform) {
      if byOwner { lock.lock() } else { lock.enter(platform) }
      addUnlocked()
      if byOwner { lock.unlock() } else { lock.leave() }
    }

    /// Reads and writes with a place in between.
    func addUnlocked() {
      let before = value
      SchedulePoint.betweenSteps()
      value = before + 1
    }
  }
#endif
