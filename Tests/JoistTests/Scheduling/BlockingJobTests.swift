// SPDX-License-Identifier: Apache-2.0
//
// Blocking closures that wait for each other on threads of the blocking pool.

import Dispatch
import Joist
import TestSupport
import Testing

@Suite struct BlockingJobTests {
  @Test func `S3: two closures that are submitted at once get a thread each, even if one thread is idle`() throws {
    let met = Count()
    for _ in 0..<20 {
      _ = try withRuntime(.init(schedulers: 1)) { runtime in
        runtime.spawn { process in
          process.blocking {}
          // By then the thread that ran the first closure is idle.
          try process.sleep(for: .milliseconds(2))
          let (first, second) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
          process.spawn { child in
            child.blocking {
              first.signal()
              second.wait()
              met.add()
            }
          }
          process.spawn { child in
            child.blocking {
              second.signal()
              first.wait()
              met.add()
            }
          }
        }
      }
    }
    #expect(met.total == 40)
  }
}
