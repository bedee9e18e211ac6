// SPDX-License-Identifier: Apache-2.0
//
// Processes that wait until a descriptor is ready.

import Foundation
import Joist
import TestSupport
import Testing

/// A pair of connected nonblocking sockets within this program.
struct Pair: Sendable {
  let near: Int32
  let far: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
    (near, far) = (ends[0], ends[1])
  }

  func close() {
    Foundation.close(near)
    Foundation.close(far)
  }

  static func write(_ descriptor: Int32, _ byte: UInt8) -> Bool {
    var byte = byte
    return Foundation.write(descriptor, &byte, 1) == 1
  }

  static func read(_ descriptor: Int32) -> UInt8? {
    var byte: UInt8 = 0
    return Foundation.read(descriptor, &byte, 1) == 1 ? byte : nil
  }
}

/// Returns how many of `count` socket pairs, each with a process at both ends, echo the byte that is sent.
private func echoes(on schedulers: Int, _ count: Int) throws -> Int {
  let pairs = try (0..<count).map { _ in try Pair() }
  defer { for pair in pairs { pair.close() } }
  let echoed = Count()
  _ = try withRuntime(.init(schedulers: schedulers, slots: 64)) { runtime in
    for pair in pairs {
      runtime.spawn { process in
        guard try process.waitReadable(pair.near), let byte = Pair.read(pair.near) else { return }
        _ = Pair.write(pair.near, byte)
      }
    }
    let senders = pairs.enumerated().map { number, pair in
      runtime.spawn { process in
        let byte = UInt8(truncatingIfNeeded: number)
        guard try process.waitWritable(pair.far), Pair.write(pair.far, byte) else { return }
        if try process.waitReadable(pair.far), Pair.read(pair.far) == byte { echoed.add() }
      }
    }
    for sender in senders { _ = sender.joinBlocking() }
  }
  return echoed.total
}

@Suite(.serialized) struct DescriptorTests {
  @Test func `S3: a socket with room is writable at once`() throws {
    let pair = try Pair()
    defer { pair.close() }
    let log = Log<Bool>()
    _ = try withRuntime { runtime in
      let writer = runtime.spawn { log.add(try $0.waitWritable(pair.near, timeout: .seconds(16))) }
      _ = writer.joinBlocking()
    }
    #expect(log.entries == [true])
  }

  // This test is a program of its own: when more than about 1,300 descriptors are open, Foundation's `Process`, which
  // other tests use, reads beyond the end of a directory's entries.
  @Test func `S3: processes that each wait for one of many sockets echo what arrives`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = limit.rlim_max
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      for schedulers in schedulerCounts {
        let count = min(many(schedulers == 2 ? 10_000 : 300), (Int(clamping: limit.rlim_max) - 1_000) / 2)
        if try echoes(on: schedulers, count) != count { exit(2) }
      }
      exit(0)
    }
  }

  @Test func `S3: a descriptor wait ends at its timeout, and the next wait works`() throws {
    let pair = try Pair()
    defer { pair.close() }
    let log = Log<Bool>()
    _ = try withRuntime { runtime in
      let waiter = runtime.spawn(Int.self) { process in
        for _ in 0..<50 { log.add(try process.waitReadable(pair.near, timeout: .microseconds(100))) }
        _ = Pair.write(pair.far, 1)
        log.add(try process.waitReadable(pair.near))
      }
      _ = waiter.joinBlocking()
    }
    #expect(log.entries == Array(repeating: false, count: 50) + [true])
  }

  @Test func `S3: a process that waits for a descriptor counts as idle, says why, and can be told to exit`() throws {
    let pair = try Pair()
    defer { pair.close() }
    _ = try withRuntime { runtime in
      let waiter = runtime.spawn { process in _ = try process.waitReadable(pair.near) }
      runtime.waitUntilIdle()
      #expect(waiter.snapshot?.waitReason == .descriptor)
      waiter.exit()
      #expect(waiter.joinBlocking() != nil)
    }
  }

  @Test func `S3: two readers and a writer wait for one descriptor at the same time`() throws {
    let pair = try Pair()
    defer { pair.close() }
    let log = Log<String>()
    _ = try withRuntime { runtime in
      let readers = (0..<2).map { _ in
        runtime.spawn { process in if try process.waitReadable(pair.near) { log.add("read") } }
      }
      runtime.waitUntilIdle()
      let writer = runtime.spawn { process in if try process.waitWritable(pair.near) { log.add("write") } }
      _ = writer.joinBlocking()
      #expect(log.entries == ["write"])
      _ = Pair.write(pair.far, 1)
      for reader in readers { _ = reader.joinBlocking() }
    }
    #expect(log.entries == ["write", "read", "read"])
  }

  @Test(.timeLimit(.minutes(15)))
  func `S3: each event on a descriptor wakes one of the many processes that wait for it`() throws {
    let (waiting, events) = (many(500), 60)
    let pair = try Pair()
    let (served, wakes) = (Count(), Count())
    _ = try withRuntime { runtime in
      let main = runtime.spawn(UInt8.self) { process in
        for byte in 0..<UInt8(events) {
          #expect(Pair.write(pair.near, byte))
          let came = try process.receive()
          #expect(came == byte)
        }
      }
      let waiters = (0..<waiting).map { _ in
        runtime.spawn { process in
          while try process.waitReadable(pair.far) {
            wakes.add()
            guard let byte = Pair.read(pair.far) else { continue }
            served.add()
            main.send(byte)
          }
        }
      }
      _ = main.joinBlocking()
      for waiter in waiters { waiter.exit() }
    }
    pair.close()
    #expect(served.total == events)
    #expect(wakes.total <= 3 * events, "\(wakes.total) wakes for \(events) events")
  }

  @Test(.timeLimit(.minutes(15)))
  func `S3: bytes that arrive together wake enough waiters to read them all, even if some read none`() throws {
    let waiting = many(150)
    let pair = try Pair()
    let (served, left) = (Count(), Count())
    _ = try withRuntime { runtime in
      let main = runtime.spawn(UInt8.self) { process in for _ in 0..<waiting { _ = try process.receive() } }
      let waiters = (0..<waiting + 30).map { number in
        runtime.spawn(Int.self) { process in
          guard try process.waitReadable(pair.far) else { return }
          // Some waiters wake and end without reading.
          if number % 10 == 9 && left.total < 20 { return left.add() }
          while Pair.read(pair.far) == nil { guard try process.waitReadable(pair.far) else { return } }
          served.add()
          main.send(0)
          _ = try process.receive()
        }
      }
      runtime.waitUntilIdle()
      for _ in 0..<waiting { #expect(Pair.write(pair.near, 7)) }
      _ = main.joinBlocking()
      for waiter in waiters { waiter.exit() }
    }
    pair.close()
    #expect(served.total == waiting)
  }

  @Test(.timeLimit(.minutes(15)))
  func `S3: a waiter that is told to exit as it is woken passes the event to the next waiter`() throws {
    for _ in 0..<many(50) {
      let pair = try Pair()
      let served = Count()
      _ = try withRuntime { runtime in
        let waiters = (0..<8).map { _ in
          runtime.spawn { process in
            guard try process.waitReadable(pair.far) else { return }
            if Pair.read(pair.far) != nil { served.add() }
          }
        }
        runtime.waitUntilIdle()
        #expect(Pair.write(pair.near, 7))
        for waiter in waiters.dropLast() { waiter.exit() }
        for waiter in waiters.dropLast() { _ = waiter.joinBlocking() }
        if served.total == 1 { waiters.last!.exit() }
        _ = waiters.last!.joinBlocking()
      }
      pair.close()
      #expect(served.total == 1)
    }
  }

  @Test func `S3: a socket with a closed peer and a file are ready, and a closed descriptor is an error`() throws {
    let pair = try Pair()
    Foundation.close(pair.far)
    let closed = try Pair()
    closed.close()
    let file = open(#filePath, O_RDONLY)
    defer {
      Foundation.close(pair.near)
      Foundation.close(file)
    }
    let log = Log<String>()
    _ = try withRuntime { runtime in
      let process = runtime.spawn { process in
        log.add("\(try process.waitReadable(pair.near))")
        log.add("\(try process.waitReadable(file))")
        do { _ = try process.waitReadable(-1) } catch { log.add("\(error)") }
      }
      _ = process.joinBlocking()
    }
    #expect(log.entries == ["true", "true", "descriptor -1 is not open"])
  }

  @Test func `S3: a runtime without threads refuses a descriptor wait with an error that says why`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn { process in
      do { _ = try process.waitReadable(0) } catch { log.add("\(error)") }
    }
    simulation.run()
    #expect(log.entries == ["this runtime cannot wait for descriptor 0: it has ended, or has no threads"])
  }
}
