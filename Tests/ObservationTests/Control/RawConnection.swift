// SPDX-License-Identifier: Apache-2.0
//
// Sockets that do not keep to the control protocol: a client that sends any bytes, and a program that never answers.

import Foundation

#if canImport(Glibc)
  import Glibc
  private let streamType = Int32(SOCK_STREAM.rawValue)
  private let noSignal = Int32(MSG_NOSIGNAL)
#else
  private let streamType = SOCK_STREAM
  private let noSignal: Int32 = 0
#endif

/// A socket at a path; each call returns after at most 30 seconds.
final class RawConnection: Sendable {
  struct Failure: Error { let code: Int32 }

  private let descriptor: Int32

  private init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var limit = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Connects to a path.
  convenience init(to path: String) throws {
    self.init(socket(AF_UNIX, streamType, 0))
    guard withAddress(path, { connect(descriptor, $0, $1) }) == 0 else { throw Failure(code: errno) }
  }

  /// Listens at a path; the file stays when the socket is closed.
  convenience init(at path: String) throws {
    self.init(socket(AF_UNIX, streamType, 0))
    guard withAddress(path, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 128) == 0 else {
      throw Failure(code: errno)
    }
  }

  deinit { close(descriptor) }

  func accept() throws -> RawConnection {
    #if canImport(Glibc)
      let new = Glibc.accept(descriptor, nil, nil)
    #else
      let new = Darwin.accept(descriptor, nil, nil)
    #endif
    guard new >= 0 else { throw Failure(code: errno) }
    return RawConnection(new)
  }

  /// Sends bytes; returns false if the other side has ended the connection or takes none for 30 seconds.
  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress! + sent, bytes.count - sent, noSignal) }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Sends a frame with a text.
  @discardableResult
  func write(frame text: String) -> Bool { write(Self.frame(text)) }

  static func frame(_ text: String) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: text.utf8.count >> (8 * $0)) } + Array(text.utf8)
  }

  /// Receives exactly that number of bytes; nil at the end of the connection.
  func read(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var received = 0
    while received < count {
      let more = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + received, count - received, 0) }
      guard more > 0 else { return nil }
      received += more
    }
    return bytes
  }

  /// Receives a frame as text; nil at the end of the connection.
  func readFrame() -> String? {
    guard let header = read(4) else { return nil }
    return read(header.reversed().reduce(0) { $0 << 8 | Int($1) }).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether the other side has ended the connection, whatever it sent before.
  var hasEnded: Bool {
    var entry = pollfd(fd: descriptor, events: 0, revents: 0)
    return poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLHUP) != 0
  }

  /// Receives until the connection ends; returns the number of bytes, or nil if it does not end within 30 seconds.
  func readToEnd() -> Int? {
    var total = 0
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &bytes, bytes.count, 0)
      if count == 0 || (count < 0 && errno == ECONNRESET) { return total }
      guard count > 0 else { return nil }
      total += count
    }
  }
}

private func withAddress(_ path: String, _ action: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  return withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { action($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
  }
}
