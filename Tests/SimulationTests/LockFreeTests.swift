// SPDX-License-Identifier: Apache-2.0
//
// The lock-free code without a runtime: all orders of the atomic steps of two or three threads, within a bound of
// interruptions. Incorrect variants of the protocols check that the search finds mistakes.

import Joist
import JoistSimulation
import TestSupport
import Testing

#if DEBUG
  /// The number of interruptions in the longest search; each further one multiplies the runs by ten.
  private let interruptions = many(30) == 30 ? 3 : 2

  struct LockFreeTests {
    @Test func `I4: messages that two threads push are received once and in order, and no wake-up is lost`() {
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

    @Test func `I4: a process that waits for a signal sees it or is claimed, in every order`() {
      let found = searchThreads(interruptions: 4) { sleeper($0, checksAfterParking: true) }
      #expect(found.reason == nil && found.isComplete, "\(found)")
    }

    @Test func `V1: a process that checks for signals only before it parks is found to sleep forever`() {
      let found = searchThreads(interruptions: 4) { sleeper($0, checksAfterParking: false) }
      #expect(found.reason == "a thread sleeps forever")
    }

    @Test func `M1: a message pushed while its receiver ends is taken out or refused, in every order`() {
      let found = searchThreads(interruptions: 3) { threads in
        let inbox = EndingInbox(Inbox(forTests: ()))
        for number in 0..<2 { threads.start { inbox.push(number) } }
        threads.start { inbox.end() }
        return { inbox.isWrong() }
      }
      #expect(found.reason == nil && found.isComplete, "\(found)")
    }

    @Test func `I4: an owned lock admits its owner or one other thread at a time`() {
      let found = searchThreads(interruptions: 2) { threads in
        let counter = Shared()
        threads.start { counter.add(byOwner: true, threads.platform) }
        for _ in 0..<2 { threads.start { counter.add(byOwner: false, threads.platform) } }
        return { counter.value == 3 ? nil : "\(counter.value) of 3 were counted" }
      }
      #expect(found.reason == nil && found.isComplete, "\(found)")
    }

    @Test func `V1: counting without the lock is found to lose counts`() {
      let found = searchThreads(interruptions: 2) { threads in
        let counter = Shared()
        for _ in 0..<2 { threads.start { counter.addUnlocked() } }
        return { counter.value == 2 ? nil : "\(counter.value) of 2 were counted" }
      }
      #expect(found.reason == "1 of 2 were counted")
    }

    @Test func `I4: a scheduler that goes to sleep sees a message sent by a thread, in every order`() {
      let found = Search(schedulers: 1, isFine: true).findAmongAll(interruptions: 2, atMost: 20_000) { simulation in
        let ref = simulation.runtime.spawn(Int.self) { process in _ = try process.receive() }
        simulation.thread { ref.send(1) }
        try simulation.run()
        if simulation.runtime.statistics.messagesReceived != 1 { throw SimulationError("the message was not received") }
      }
      #expect(found.counterexample == nil, "\(String(describing: found.counterexample))")
      #expect(found.runs > 50)
    }

    @Test func `L2: a message that is sent while its receiver ends never reaches the next process of the record`() {
      let (late, reused) = (Count(), Count())
      let found = Search(schedulers: 1, isFine: true).findAmongAll(interruptions: 2, atMost: 20_000) { simulation in
        let received = Count()
        let first = simulation.runtime.spawn(Int.self) { _ in }
        simulation.runtime.spawn { process in
          _ = try process.join(first)
          let next = process.spawn(Int.self) { next in
            if try next.receive(timeout: .seconds(1)) != nil { received.add() }
          }
          if next.id.slot == first.id.slot { reused.add() }
        }
        simulation.thread { first.send(1) }
        try simulation.run()
        if received.total > 0 { throw SimulationError("the next process received the message") }
        late.add(Int(simulation.runtime.statistics.messagesDropped))
      }
      #expect(found.counterexample == nil, "\(String(describing: found.counterexample))")
      #expect(late.total > 0 && reused.total == found.runs)
    }
  }

  /// The inbox of a process that ends.
  private final class EndingInbox {
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

  /// The inbox of a process, and the word on which its owner sleeps.
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
        alarm.ringOnce(platform)
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
        let fromSender = received.filter { $0 / 10 == sender }
        if fromSender != (0..<messages).map({ sender * 10 + $0 }) { return "received \(received)" }
      }
      return nil
    }
  }

  /// Starts a thread that waits for a signal as a process does, and one that raises it (G2).
  private func sleeper(_ threads: LooseThreads, checksAfterParking: Bool) -> () -> String? {
    let inbox = Shared()
    var wakes = 0
    threads.start {
      inbox.signals.raiseWoken()
      if inbox.inbox.claimParked() {
        wakes += 1
        inbox.alarm.ringOnce(threads.platform)
      }
    }
    threads.start {
      var isAwake = !checksAfterParking && inbox.signals.isWoken
      if !isAwake {
        inbox.inbox.parkForSignals()
        isAwake = checksAfterParking && inbox.signals.isWoken && inbox.inbox.claimParked()
      }
      if isAwake { wakes += 1 }
      while wakes == 0 {
        let seen = inbox.alarm.seenNow
        if wakes == 0 { threads.platform.wait(on: inbox.alarm, while: seen, until: nil) }
      }
    }
    return { wakes == 1 ? nil : "woken \(wakes) times" }
  }

  /// The state that the threads of a run share.
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

    /// Adds one, with a schedule point between the read and the write.
    func addUnlocked() {
      let before = value
      SchedulePoint.betweenSteps()
      value = before + 1
    }
  }
#endif
