// SPDX-License-Identifier: Apache-2.0
//
// Descriptors whose other end was closed, and descriptor waits that timed out.

import Foundation
import Joist
import TestSupport
import Testing

@Suite struct DescriptorEndTests {
  /// Makes a pipe and returns its read end and its write end.
  private func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    try #require(Foundation.pipe(&ends) == 0)
    return (ends[0], ends[1])
  }

  @Test func `S3: each end of a pipe becomes ready when the other end is closed`() throws {
    let (first, second) = (try pipe(), try pipe())
    let log = Log<Bool>()
    _ = try withRuntime { runtime in
      let reader = runtime.spawn { process in log.add(try process.waitReadable(first.read)) }
      runtime.waitUntilIdle()
      Foundation.close(first.write)
      _ = reader.joinBlocking()
      // A full pipe cannot be written to until its read end is closed.
      _ = fcntl(second.write, F_SETFL, O_NONBLOCK)
      while Pair.write(second.write, 1) {}
      let writer = runtime.spawn { process in log.add(try process.waitWritable(second.write)) }
      runtime.waitUntilIdle()
      Foundation.close(second.read)
      _ = writer.joinBlocking()
    }
    Foundation.close(first.read)
    Foundation.close(second.write)
    #expect(log.entries == [true, true])
  }

  @Test func `S3: a descriptor wait that times out leaves nothing in the table`() throws {
    let pair = try Pair()
    defer { pair.close() }
    while Pair.write(pair.near, 1) {}
    let log = Log<Bool>()
    _ = try withRuntime { runtime in
      let waiter = runtime.spawn { process in
        log.add(try process.waitWritable(pair.near, timeout: .milliseconds(1)))
        log.add(try process.waitReadable(pair.near, timeout: .milliseconds(1)))
      }
      _ = waiter.joinBlocking()
      #expect(runtime.descriptorWaits == 0)
    }
    #expect(log.entries == [false, false])
  }
}
