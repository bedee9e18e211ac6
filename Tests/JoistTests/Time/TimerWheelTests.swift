// SPDX-License-Identifier: Apache-2.0
//
// The timer wheel, compared with a sorted list.

import Joist
import TestSupport
import Testing

@Suite struct TimerWheelTests {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func `S3: near and far deadlines come up in their tick, never early`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var now: Int64 = 5_000_000_000
    var wheel = TimerWheel(index: 0, now: now)
    var armed: [(entry: Handle<TimerEntry>, due: UInt64)] = []
    for _ in 0..<300 {
      let entry = Handle<TimerEntry>.allocate(TimerEntry(kind: .process))
      let due = TimerWheel.tick(of: now + Int64(random.next() >> (17 + random.next() % 44)))
      wheel.insert(entry, due: due)
      armed.append((entry, due))
    }
    while !armed.isEmpty {
      if random.next() % 4 == 0 {
        let removed = armed.remove(at: Int(random.next() % UInt64(armed.count)))
        wheel.remove(removed.entry)
        #expect(!removed.entry.isInAWheel)
        continue
      }
      let nearest = wheel.nextDue
      let next = try #require(nearest)
      now = max(now, next)
      let tick = UInt64(now) >> 17
      while let entry = wheel.removeDue(now: now) {
        let index = try #require(armed.firstIndex { $0.entry == entry })
        #expect(armed[index].due <= tick)
        // The entry counts as in a wheel until `letGo`, so no other wheel can insert it before.
        #expect(entry.isInAWheel)
        entry.letGo()
        #expect(!entry.isInAWheel)
        armed.remove(at: index)
      }
      #expect(armed.allSatisfy { $0.due > tick })
    }
    let last = wheel.nextDue
    #expect(last == nil && wheel.isEmptyAtAGuess)
  }

  @Test func `S3: nothing comes up after the only timer was cancelled`() throws {
    let simulation = try HandDriven()
    let (runtime, target) = (simulation.runtime, simulation.runtime.spawn(Int.self) { _ = try $0.receive() })
    simulation.run()
    let timer = runtime.sendAfter(.seconds(10), to: target, 1)
    guard case .idle(.some) = runtime.step() else {
      Issue.record("the timer is in no wheel")
      return
    }
    #expect(runtime.cancel(timer) == .seconds(10))
    #expect(runtime.step() == .idle(until: nil))
  }

  @Test func `S3: a deadline is rounded up to a tick, and the farthest is a thousand years away`() {
    #expect(TimerWheel.tick(of: 0) == 0 && TimerWheel.tick(of: 1) == 1 && TimerWheel.tick(of: 1 << 17) == 1)
    #expect(TimerWheel.tick(of: .max - 1) == (1 << 46) - 1)
    #expect(TimerWheel.tick(of: -5) == 0)
  }
}
