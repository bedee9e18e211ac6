// SPDX-License-Identifier: Apache-2.0
//
// A run of a random program: its processes carry out their steps, and record what they wait for.

import Joist
import Synchronization
import TestSupport

/// A process of a random program ends.
private struct Ended: Error {}

/// The processes and locks of a random program, and the model that they keep.
final class DeadlockProgramRun: Sendable {
  typealias Address = DeadlockModel.Address

  let model: DeadlockModel
  private let locks: [ProcessLock<Address?>]
  /// Processes that reply to the addresses that they get, in a message or through a channel.
  private let helper: ProcessRef<Address>
  private let channel = ProcessChannel<(Address, Int)>(capacity: 1_000)
  private let refs = Mutex<[Worker]>([])
  var workers: [Worker] { refs.withLock { $0 } }

  init(_ program: DeadlockProgram, on runtime: ProcessRuntime) {
    model = DeadlockModel(workers: program.workers.count, locks: program.locks)
    locks = (0..<program.locks).map { _ in ProcessLock(nil) }
    helper = runtime.spawn(Address.self) { process in while true { try process.receive().send() } }
    let channel = channel
    runtime.spawn { process in
      while let (address, delay) = try channel.receive() {
        process.spawn { process in
          try process.sleep(for: .milliseconds(delay))
          address.send()
        }
      }
    }
    for (number, worker) in program.workers.enumerated() {
      let ref = runtime.spawn(Order.self, options: .init(mailbox: worker.mailbox)) { process in
        do {
          try self.run(worker.steps, number, process)
          while true { try process.receive().run(process) }
        } catch is Ended {}
      }
      refs.withLock { $0.append(ref) }
    }
  }

  /// Ends the processes that are not the program's.
  func end() {
    helper.exit(.killed)
    channel.close()
  }

  private func run(_ steps: [DeadlockStep], _ me: Int, _ process: ProcessContext<Order>) throws {
    for step in steps { try run(step, me, process) }
  }

  private func run(_ step: DeadlockStep, _ me: Int, _ process: ProcessContext<Order>) throws {
    switch step {
    case .yield: try process.yield()
    case .pause(let time): try process.sleep(for: .milliseconds(time))
    case .send(let other, let steps): send(to: other, me) { process in try self.run(steps, other, process) }
    case .call(let other, let timeout, let shared, let steps):
      if other != me { try call(other, timeout.map { .milliseconds($0) }, shared, steps, me, process) }
    case .join(let other, let timeout):
      if other == me { return }
      model.begin(model.newWait(), of: me, for: .process(other), isTimed: timeout != nil)
      _ = try process.join(workers[other], timeout: timeout.map { .milliseconds($0) })
      model.end(of: me, handsOn: false)
    case .lock(let lock, let stores, let steps):
      try withLock(lock, me) { stored in
        try self.run(steps, me, process)
        if stores, let address = self.model.lastAddress(me, takes: false) { stored = address }
      }
    case .serve(let time): try process.receive(timeout: .milliseconds(time))?.run(process)
    case .reply:
      if let address = model.lastAddress(me, takes: true) { reply(to: address, me) }
    case .handOn(let route, let delay):
      if let address = model.lastAddress(me, takes: false) { handOn(address, route, delay, me, process) }
    case .replyFromLock(let lock):
      try withLock(lock, me) { stored in
        if let address = stored { self.reply(to: address, me) }
        stored = nil
      }
    case .end: throw Ended()
    }
  }

  private func reply(to address: Address, _ me: Int) {
    model.noteHandOn(me)
    address.send()
  }

  private func send(to other: Int, _ me: Int, _ run: @escaping @Sendable (ProcessContext<Order>) throws -> Void) {
    if other == me { return }
    model.begin(model.newWait(), of: me, for: .process(other))
    workers[other].send(Order(run))
    model.end(of: me, handsOn: true)
  }

  private func withLock(_ lock: Int, _ me: Int, _ body: (inout sending Address?) throws -> Void) throws {
    if model.holds(lock, me) { return }
    model.begin(model.newWait(), of: me, for: .lock(lock))
    try locks[lock].withLock { value in
      model.setHolder(of: lock, me, holds: true)
      defer { model.setHolder(of: lock, me, holds: false) }
      try body(&value)
    }
  }

  private func call(
    _ other: Int,
    _ timeout: Duration?,
    _ shared: DeadlockStep.Sharing,
    _ steps: [DeadlockStep],
    _ me: Int,
    _ process: ProcessContext<Order>
  ) throws {
    let number = model.newWait()
    do {
      try process.call(workers[other], timeout: timeout) { (address: Address) in
        let isShared = share(address, shared, me, process)
        model.begin(
          number,
          of: me,
          for: .process(other),
          isTimed: timeout != nil,
          isShared: isShared,
          isCall: true
        )
        return Order { process in
          self.model.received(.init(caller: me, wait: number, address: address), other)
          try self.run(steps, other, process)
        }
      }
    } catch is CallError {}
    model.end(of: me, handsOn: true)
  }

  /// Gives the address of a reply to another process before the request is made; returns whether it does.
  private func share(_ address: Address, _ shared: DeadlockStep.Sharing, _ me: Int, _ process: ProcessContext<Order>)
    -> Bool
  {
    switch shared {
    case .none: return false
    case .sent: helper.send(address)
    case .sentAndSlept:
      process.sendAfter(.milliseconds(250), to: helper, address)
      try? process.sleep(for: .milliseconds(1))
    case .spawned:
      process.spawn { process in
        try process.sleep(for: .milliseconds(250))
        address.send()
      }
    case .stored:
      guard !locks.isEmpty, !model.holds(0, me) else { return false }
      try? withLock(0, me) { $0 = address }
    }
    return true
  }

  private func handOn(
    _ address: Address,
    _ route: DeadlockStep.Route,
    _ delay: Int,
    _ me: Int,
    _ process: ProcessContext<Order>
  ) {
    let time = Duration.milliseconds(delay)
    switch route {
    case .message(let other):
      send(to: other, me) { process in
        try process.sleep(for: time)
        self.reply(to: address, other)
      }
    case .spawn:
      process.spawn { process in
        try process.sleep(for: time)
        address.send()
      }
    case .timer: process.sendAfter(time, to: helper, address)
    case .channel: _ = try? channel.trySend((address, delay))
    case .monitor(let other):
      process.monitor(workers[other]) { _ in
        address.send()
        return .nothing
      }
    case .blocking:
      let helper = helper
      process.blocking { helper.send(address) }
    }
    model.noteHandOn(me)
  }
}
