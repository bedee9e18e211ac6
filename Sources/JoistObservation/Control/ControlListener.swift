// SPDX-License-Identifier: Apache-2.0
//
// The thread of a control socket. It accepts clients, starts a thread for each up to a bound, and joins those threads
// when they are done. It never asks the inspector, so it answers `busy` while all questions take long. A socket pair
// wakes it: one byte for each connection that has ended, and one to close. None of this uses the global pool of
// Swift's concurrency, which may be what hangs.

import Synchronization

/// A listening socket, and the connections that came through it.
final class ControlListener: Sendable {
  private struct State {
    var isClosing = false
    /// The numbers of the connections whose threads are about to end.
    var ended: [Int] = []
  }

  private struct Worker {
    let socket: UnixSocket
    let thread: ControlThread
  }

  /// The time without new clients after the system had no descriptor or no memory for one.
  private static let pause = Duration.milliseconds(100)

  private let socket: UnixSocket
  private let service: ControlService
  private let state = Mutex(State())
  /// The two ends of the socket pair that wakes the thread.
  private let waker, wakened: UnixSocket

  init(_ socket: UnixSocket, _ service: ControlService) throws(SystemError) {
    self.socket = socket
    self.service = service
    (waker, wakened) = try UnixSocket.pair()
  }

  /// Makes `run` return once the connections have ended, at most about `ControlLimits.closing` later.
  func close() {
    state.withLock { $0.isClosing = true }
    wake()
  }

  /// Serves clients until `close` is called.
  func run() {
    var workers: [Int: Worker] = [:]
    var count = 0
    var resumes: ContinuousClock.Instant?
    while !state.withLock(\.isClosing) {
      if let moment = resumes, moment <= .now { resumes = nil }
      let isPaused = resumes != nil
      let ready = UnixSocket.wait(
        for: isPaused ? [(wakened, .readable)] : [(wakened, .readable), (socket, .readable)],
        until: resumes
      )
      if ready[0] { join(&workers) }
      guard !isPaused, ready[1] else { continue }
      do throws(SystemError) {
        guard let client = try socket.accept() else { continue }
        count += 1
        workers[count] = admit(client, number: count, busy: workers.count)
      } catch {
        resumes = .now + ControlListener.pause
      }
    }
    end(&workers)
  }

  /// Starts a thread for a client of the same user, and sends any other client away.
  private func admit(_ client: UnixSocket, number: Int, busy: Int) -> Worker? {
    guard let user = client.peerUser, user == SystemCalls.user || user == 0 else {
      dismiss(client, "the program runs as user \(SystemCalls.user): ask as that user")
      return nil
    }
    guard busy < ControlLimits.connections else {
      dismiss(client, "busy: \(busy) clients are connected to the program: close one of them, or try again")
      return nil
    }
    do throws(SystemError) {
      let thread = try ControlThread { [self] in
        var connection = ControlConnection(client, service)
        connection.serve()
        state.withLock { $0.ended.append(number) }
        wake()
      }
      return Worker(socket: client, thread: thread)
    } catch {
      dismiss(client, "busy: the program has no thread for another client (\(error)): try again")
      return nil
    }
  }

  /// Sends an error, for which the buffer of a new connection has room, and ends the connection.
  private func dismiss(_ client: UnixSocket, _ text: String) {
    let reply = ControlReply<ControlNothing>(id: 0, err: InspectionError(text))
    guard let bytes = try? ControlCoding.encode(reply) else { return }
    try? ControlChannel(socket: client).sendFrame(bytes, TransferLimit(service.limits.stall, stall: .zero))
    client.endConnection()
  }

  /// Joins the threads of the connections that have ended.
  private func join(_ workers: inout [Int: Worker]) {
    var wakes: [UInt8] = []
    _ = try? wakened.receive(atMost: ControlLimits.chunkBytes, appendingTo: &wakes)
    let ended = state.withLock { state in
      defer { state.ended = [] }
      return state.ended
    }
    for number in ended { workers.removeValue(forKey: number)?.thread.join() }
  }

  /// Ends all connections, and waits for their threads; a thread whose question takes longer ends by itself after it.
  private func end(_ workers: inout [Int: Worker]) {
    socket.endConnection()
    for worker in workers.values { worker.socket.endConnection() }
    let deadline = ContinuousClock.now + service.limits.closing
    while !workers.isEmpty, wakened.wait(for: .readable, until: deadline) { join(&workers) }
    for worker in workers.values { worker.thread.detach() }
  }

  /// Wakes the thread of `run`; a socket that takes no byte has enough of them to wake it.
  private func wake() { _ = try? waker.send([0], from: 0) }
}
