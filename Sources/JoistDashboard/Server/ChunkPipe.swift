// SPDX-License-Identifier: Apache-2.0
//
// Leads the chunks of a file from the thread that writes them to the response that sends them. The thread waits while
// the client is slow, so that a file of any size needs the memory of a few chunks.

#if Dashboard
  import Dispatch
  import JoistObservation
  import Synchronization

  /// A bounded queue of chunks from one thread to one task.
  final class ChunkPipe: Sendable {
    /// The number of chunks in the pipe: one is sent, one waits, two are being made.
    private static let capacity = 4
    /// The time that the thread waits for a client that takes no chunk.
    private static let patience = DispatchTimeInterval.seconds(10)

    let chunks: AsyncThrowingStream<[UInt8], any Error>
    private let continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation
    // It begins at zero because Dispatch traps when a semaphore dies below its first value.
    private let room = DispatchSemaphore(value: 0)
    private let isAbandoned = Atomic(false)

    init() {
      (chunks, continuation) = AsyncThrowingStream.makeStream(of: [UInt8].self)
      for _ in 0..<Self.capacity { room.signal() }
    }

    /// Adds a chunk; blocks the thread while the pipe is full.
    func put(_ chunk: [UInt8]) throws {
      guard room.wait(timeout: .now() + Self.patience) == .success, !isAbandoned.load(ordering: .relaxed) else {
        throw InspectionError("The client stopped reading the file.")
      }
      continuation.yield(chunk)
    }

    /// Makes space for another chunk after the task has sent one.
    func sent() { room.signal() }

    /// Ends the pipe after the last chunk, or with the error that broke it.
    func finish(_ error: (any Error)? = nil) { continuation.finish(throwing: error) }

    /// Ends the waiting of the thread, since no task takes chunks any more.
    func abandon() {
      isAbandoned.store(true, ordering: .relaxed)
      room.signal()
    }
  }
#endif
