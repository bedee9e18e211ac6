// SPDX-License-Identifier: Apache-2.0
//
// Closures that wait for each other on threads of the pool for `blocking`.

import Dispatch
import Joist
import TestSupport
import Testing

@Suite struct BlockingJobTests {
  @Test func `S3: two closures that are submitted at once get a thread each, though one thread is idle`() throws {
    let met = Count()
    for _ in 0..<20 {
      _ = try withRuntime(.init(schedulers: 1)) { runtime in
        runtime.spawn { process in
          process.blocking {}
          // The thread that ran it is idle by then.
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
