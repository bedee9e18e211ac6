// SPDX-License-Identifier: Apache-2.0
//
// The ring of one thread: what it keeps, and what a reader gets while it is written.

import Foundation
import Joist
import TestSupport
import Testing

/// Memory for a ring, zeroed.
private final class RingMemory: Sendable {
  let address: UInt
  let entries: Int

  init(entries: Int) {
    let bytes = RecorderRing.bytes(entries: entries)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Int(RecorderRing.blockBytes))
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    address = UInt(bitPattern: memory)
    self.entries = entries
  }

  deinit { UnsafeMutableRawPointer(bitPattern: address)!.deallocate() }

  /// The ring; each of them reads, and one may write.
  func ring(isOn: Bool = true) -> RecorderRing { RecorderRing(memory: address, entries: entries, isOn: isOn) }
}

extension [RecorderEntry] {
  /// The payloads of the entries that a test wrote.
  fileprivate var numbers: [UInt64] { filter { $0.kind == .message }.map(\.payload) }
}

@Suite struct RingTests {
  private let clock = TickClock(simulatedPerSecond: 1_000_000_000)

  @Test(arguments: [64, 128, 192, 1_024])
  func `O1: a ring keeps the newest entries, in order, and at least all but a block of them`(size: Int) {
    for count in [0, 1, 2, 62, 63, 64, 65, 126, 127, 500, 5_000] {
      let memory = RingMemory(entries: size)
      var ring = memory.ring()
      for number in 0..<UInt64(count) {
        clock.set(number)
        ring.write(RecorderEntry(.message, payload: number + 1), clock)
      }
      let numbers = memory.ring().entries().numbers
      // Each block of 64 has a time and 63 entries; the oldest block is cleared for the newest.
      let kept = min(count, (size / 64 - 1) * 63 + (count + 62) % 63 + 1)
      #expect(numbers == Array(UInt64(count - kept + 1)..<UInt64(count + 1)), "\(count) entries")
    }
  }

  @Test func `O1: each block of a ring begins with the time, and further times are written only between`() {
    let memory = RingMemory(entries: 192)
    var ring = memory.ring()
    ring.write(time: 5)
    #expect(memory.ring().entries().isEmpty)
    for number in 0..<UInt64(300) {
      clock.set(1_000 + number)
      if number % 10 == 0 { ring.write(time: 1_000 + number) }
      ring.write(RecorderEntry(.message, payload: number), clock)
    }
    let entries = memory.ring().entries()
    for start in stride(from: 0, to: entries.count, by: 64) { #expect(entries[start].kind == .time) }
    for (time, entry) in zip(entries, entries.dropFirst()) where time.kind == .time && entry.kind == .message {
      #expect(time.payload == 1_000 + entry.payload)
    }
  }

  @Test func `O1: a ring that is off takes entries without end and returns none`() {
    let memory = RingMemory(entries: 64)
    var ring = memory.ring(isOn: false)
    for number in 0..<UInt64(1_000) { ring.write(RecorderEntry(.message, payload: number), clock) }
    #expect(ring.entries().isEmpty && ring.running == nil)
  }

  @Test func `O1: an entry has its kind, and its process or its payload of 59 bits`() {
    for kind in RecorderEntry.Kind.allCases {
      let process = ProcessID(slot: (1 << 27) - 1, generation: .max)
      let entry = RecorderEntry(kind, process)
      #expect(entry.kind == kind && entry.process == process && entry.bits != 0)
      #expect(RecorderEntry(kind, payload: .max).payload == 1 << 59 - 1)
      #expect(RecorderEntry(kind, payload: .max).kind == kind)
    }
    #expect(RecorderEntry(bits: 0).kind == nil)
  }

  @Test(.timeLimit(.minutes(15)), arguments: [128, 512, 4_096])
  func `O1: a ring that is read while another thread overwrites it gives whole entries, in order, without a gap`(
    size: Int
  ) {
    let memory = RingMemory(entries: size)
    let (isOver, wrong) = (Count(), Log<String>())
    let hasEnded = DispatchSemaphore(value: 0)
    // A thread of its own: the tests that run keep the threads of dispatch queues busy.
    Thread.detachNewThread { [clock = HostPlatform.shared.ticks] in
      var ring = memory.ring()
      var number: UInt64 = 0
      while isOver.total == 0 {
        for _ in 0..<1_000 {
          number += 1
          ring.write(RecorderEntry(.message, payload: number), clock)
        }
      }
      hasEnded.signal()
    }
    let reader = memory.ring()
    var (reads, newest): (Int, UInt64) = (0, 0)
    while reads < many(200) || newest < UInt64(many(2_000_000)) {
      let entries = reader.entries()
      let (numbers, times) = (entries.numbers, entries.filter { $0.kind == .time }.map(\.payload))
      reads += 1
      if entries.count != numbers.count + times.count || entries.count > size { wrong.add("\(entries.count) entries") }
      for (number, next) in zip(numbers, numbers.dropFirst()) where next != number + 1 {
        wrong.add("\(next) behind \(number), read \(reads)")
      }
      for (time, next) in zip(times, times.dropFirst()) where next < time { wrong.add("time \(next) behind \(time)") }
      if let last = numbers.last {
        if last < newest { wrong.add("\(last) after \(newest)") }
        newest = max(newest, last)
      }
      if wrong.entries.count > 5 { break }
    }
    isOver.add()
    hasEnded.wait()
    #expect(wrong.entries.isEmpty, "\(wrong.entries)")
  }
}
