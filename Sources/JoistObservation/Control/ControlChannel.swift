// SPDX-License-Identifier: Apache-2.0
//
// Frames and bytes over a socket, each with deadlines. Both ends of the control socket use it; `ControlProtocol.swift`
// says what is in the frames.

/// Why a connection cannot be used any more.
enum ControlFault: Error {
  /// The other side ended it between two frames.
  case ended
  /// The other side ended it within a frame.
  case cut
  /// The other side was too slow.
  case late
  /// The other side announced a number of bytes that is not possible.
  case badLength(Int)
  case failed(SystemError)
}

/// How long a transfer may take, and how long it may stand still.
struct TransferLimit: Sendable {
  let end: ContinuousClock.Instant
  let stall: Duration

  /// A transfer that begins now.
  init(_ whole: Duration, stall: Duration) {
    end = .now + whole
    self.stall = stall
  }

  /// The moment until which the next byte must move.
  var next: ContinuousClock.Instant { min(end, .now + stall) }
}

/// A connection that carries frames; one thread at a time uses it.
struct ControlChannel: Sendable {
  private static let headerBytes = 4

  let socket: UnixSocket

  /// Receives a frame of at most `limit` bytes: its first byte until `start`, and the rest within `duration`.
  func receiveFrame(
    limit: Int,
    start: ContinuousClock.Instant,
    duration: Duration,
    stall: Duration
  ) throws(ControlFault) -> [UInt8] {
    guard socket.wait(for: .readable, until: start) else { throw .late }
    let transfer = TransferLimit(duration, stall: stall)
    let header = try receive(ControlChannel.headerBytes, transfer, isStart: true)
    let length = header.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard (1...limit).contains(length) else { throw .badLength(length) }
    return try receive(length, transfer)
  }

  /// Receives a number of bytes; the memory grows with the bytes that arrive.
  func receive(_ count: Int, _ transfer: TransferLimit, isStart: Bool = false) throws(ControlFault) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      guard socket.wait(for: .readable, until: transfer.next), .now < transfer.end else { throw .late }
      let received: Int?
      do throws(SystemError) {
        received = try socket.receive(atMost: count - bytes.count, appendingTo: &bytes)
      } catch {
        throw .failed(error)
      }
      if received == 0 { throw isStart && bytes.isEmpty ? .ended : .cut }
    }
    return bytes
  }

  /// Sends a frame.
  func sendFrame(_ bytes: [UInt8], _ transfer: TransferLimit) throws(ControlFault) {
    let header = (0..<ControlChannel.headerBytes).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) }
    try send(header, transfer)
    try send(bytes, transfer)
  }

  /// Sends bytes.
  func send(_ bytes: [UInt8], _ transfer: TransferLimit) throws(ControlFault) {
    var sent = 0
    while sent < bytes.count {
      let count: Int?
      do throws(SystemError) {
        count = try socket.send(bytes, from: sent)
      } catch {
        throw .failed(error)
      }
      sent += count ?? 0
      guard .now < transfer.end else { throw .late }
      guard count != nil || socket.wait(for: .writable, until: transfer.next) else { throw .late }
    }
  }

  /// Whether a byte has arrived or the connection has ended.
  var hasInput: Bool { socket.wait(for: .readable, until: .now) }
}
