// SPDX-License-Identifier: Apache-2.0
//
// Threads that ask the program. A question blocks its thread until the answer is there, which an event loop and a task
// must not do.

#if Dashboard
  import Dispatch
  import Foundation
  import JoistObservation
  import Synchronization

  /// A few threads that run blocking functions, the oldest first.
  final class QuestionThreads: Sendable {
    /// The queue, which the threads keep alive until it is closed.
    private final class Queue: Sendable {
      struct State {
        var jobs: [@Sendable () -> Void] = []
        var isClosed = false
      }

      let state = Mutex(State())
      let arrivals = DispatchSemaphore(value: 0)

      /// Returns the oldest job after waiting for one; nil once the queue is closed and empty.
      func next() -> (@Sendable () -> Void)? {
        while true {
          arrivals.wait()
          let (job, isClosed) = state.withLock { state in
            (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isClosed)
          }
          if let job { return job }
          if isClosed { return nil }
        }
      }
    }

    private let queue = Queue()
    private let threadCount, capacity: Int

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - name: The name that a debugger shows for the threads.
    ///   - count: The number of threads.
    ///   - capacity: The number of functions that may wait for a thread.
    init(name: String, count: Int, capacity: Int) {
      threadCount = count
      self.capacity = capacity
      for _ in 0..<count {
        let thread = Thread { [queue] in while let job = queue.next() { job() } }
        thread.name = name
        thread.start()
      }
    }

    deinit {
      queue.state.withLock { $0.isClosed = true }
      for _ in 0..<threadCount { queue.arrivals.signal() }
    }

    /// Runs a function on one of the threads and returns its result.
    ///
    /// - Parameter body: The function, which may block.
    /// - Returns: What the function returns.
    /// - Throws: What the function throws, or an `InspectionError` at once if too many functions wait already.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
      try await withCheckedThrowingContinuation { continuation in
        let isFull = queue.state.withLock { state in
          if state.jobs.count >= capacity { return true }
          state.jobs.append { continuation.resume(with: Result { try body() }) }
          return false
        }
        if isFull {
          continuation.resume(throwing: InspectionError("Too many questions wait for the program; ask again later."))
        } else {
          queue.arrivals.signal()
        }
      }
    }
  }
#endif
