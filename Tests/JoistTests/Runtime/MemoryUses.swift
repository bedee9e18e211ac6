// SPDX-License-Identifier: Apache-2.0
//
// Programs that allocate memory of every kind, for tests of what happens when there is none.

import Joist

/// The ways in which a process, with others, allocates memory.
///
/// Every wait has a timeout, for the process that would end it may have ended.
enum MemoryUse: CaseIterable, Sendable {
  case spawn, send, monitor, link, timer, call, wait, deepWait, dedicated, heap, copy, names, groups, bounded
  case primitives

  func run(_ process: ProcessContext<Int>) throws {
    switch self {
    case .spawn: for number in 0..<100 { process.spawn { _ in blackHole(number) } }
    case .send:
      let other = process.spawn(InlineArray<20, Int>.self) { other in
        while try other.receive(timeout: .seconds(1)) != nil {}
      }
      let large = process.spawn(InlineArray<200, Int>.self) { other in
        while try other.receive(timeout: .seconds(1)) != nil {}
      }
      for number in 0..<100 {
        other.send(.init(repeating: number))
        large.send(.init(repeating: number))
      }
    case .monitor:
      let one = process.spawn(Int.self) { _ = try $0.receive(timeout: .seconds(1)) }
      for _ in 0..<20 { process.monitor(one) { _ in 1 } }
      _ = process.spawnMonitored(down: { _ in 1 }, { _ in })
      one.send(1)
      while try process.receive(timeout: .seconds(1)) != nil {}
    case .link:
      process.trapExits { _ in 1 }
      for _ in 0..<20 { process.spawnLinked { _ in } }
      while try process.receive(timeout: .seconds(1)) != nil {}
    case .timer:
      for number in 0..<100 {
        let timer = process.sendAfter(.seconds(100 + number), to: process.ref, 1)
        process.sendAfter(.milliseconds(number), to: process.ref, 1)
        process.cancel(timer)
      }
      while try process.receive(timeout: .seconds(1)) != nil {}
    case .call:
      let server = process.spawn(ReplyTo<Int>.self) { server in
        while let reply = try server.receive(timeout: .seconds(1)) { reply.send(1) }
      }
      for _ in 0..<20 { _ = try process.call(server, timeout: .seconds(1)) { $0 } }
    default: try runWithMore(process)
    }
  }

  private func runWithMore(_ process: ProcessContext<Int>) throws {
    switch self {
    case .wait: try waitTogether(process) { 0 }
    case .deepWait: try waitTogether(process) { 100 }
    case .dedicated:
      for _ in 0..<5 {
        process.spawn(Int.self, options: .init(stack: .dedicated(bytes: 256 << 10))) { process in
          _ = try process.receive(timeout: .seconds(1))
        }
      }
    case .heap:
      for number in 1..<50 {
        var array = try process.heap.allocateArray(repeating: number, count: 40 * number)
        process.heap.collect(keeping: &array)
      }
      var list = try process.heap.list(0..<500)
      for number in 0..<20 {
        process.heap.collect(keeping: &list, fully: number % 2 == 1)
        process.heap[list!].next = try process.heap.list(number..<300)
      }
    case .copy:
      let other = process.spawn(HeapCopy<HeapArray<Int>>.self) { other in
        while let copy = try other.receive(timeout: .seconds(1)) { _ = try other.heap.adopt(copy) }
      }
      for number in 1..<20 {
        let array = try process.heap.allocateArray(repeating: number, count: 40 * number)
        try other.send(copying: array, from: process.heap) { $0 }
      }
    case .names:
      for number in 0..<20 {
        process.spawn(Int.self, options: .init(name: "\(number)")) { _ = try $0.receive(timeout: .milliseconds(1)) }
      }
    case .groups:
      let group = ProcessGroup<Int>()
      for _ in 0..<20 { group.join(process.spawn(Int.self) { _ = try $0.receive(timeout: .seconds(1)) }) }
      group.broadcast(1)
    case .bounded:
      let other = process.spawn(Int.self, options: .init(mailbox: .bounded(2, whenFull: .block))) { other in
        while try other.receive(timeout: .seconds(1)) != nil {}
      }
      for number in 0..<20 { other.send(number) }
    case .primitives: try contend(process)
    default: break
    }
  }

  /// Lets some processes wait for a permit, for capacity in a channel, and for each other.
  private func contend(_ process: ProcessContext<Int>) throws {
    let semaphore = ProcessSemaphore(permits: 1)
    let channel = ProcessChannel<Int>(capacity: 1)
    let barrier = ProcessBarrier(parties: 5)
    for number in 0..<5 {
      process.spawn { process in
        _ = try barrier.wait(timeout: .seconds(1))
        if try semaphore.acquire(timeout: .seconds(1)) { semaphore.release() }
        _ = try channel.send(number, timeout: .seconds(1))
      }
    }
    while try channel.receive(timeout: .seconds(1)) != nil {}
  }

  /// Makes more processes wait than there are stack slots, each below `frames()` frames.
  private func waitTogether(_ process: ProcessContext<Int>, _ frames: @escaping @Sendable () -> Int) throws {
    for _ in 0..<50 { process.spawn(Int.self) { try $0.wait(below: frames()) } }
    try process.wait(below: frames())
  }
}

extension ProcessContext<Int> {
  @inline(never)
  fileprivate func wait(below frames: Int) throws {
    if frames == 0 { _ = try receive(timeout: .milliseconds(1)) } else { try wait(below: frames - 1) }
    blackHole(frames)
  }
}

@inline(never)
private func blackHole(_ value: Int) { crashUnless(value >= 0) }
