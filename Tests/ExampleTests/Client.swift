// SPDX-License-Identifier: Apache-2.0
//
// A client that exchanges lines with a server on the loopback interface.

import Foundation

#if canImport(Glibc)
  private let streamType = Int32(SOCK_STREAM.rawValue)
#else
  private let streamType = SOCK_STREAM
#endif

/// A connection with blocking calls.
final class Client {
  private let descriptor: Int32
  private var unread: [UInt8] = []

  // Sound: the system reads the address during the call and keeps no pointer to it.
  /// Connects to the port; returns nil if no server listens on it.
  init?(port: UInt16) {
    signal(SIGPIPE, SIG_IGN)
    descriptor = socket(AF_INET, streamType, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    let connected = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if connected != 0 { return nil }
  }

  deinit { close(descriptor) }

  // Sound: the array provides the memory, and the count is the array's.
  /// Sends lines; bytes that a closed connection does not accept are lost.
  func send(_ lines: String...) {
    let bytes = Array(lines.map { "\($0)\n" }.joined().utf8)
    _ = unsafe write(descriptor, bytes, bytes.count)
  }

  // Sound: the array provides the memory with its own size, and `count` is the number of bytes written to it.
  /// Returns the next line; nil if the server has closed the connection.
  func receive() -> String? {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        defer { unread.removeFirst(end + 1) }
        return String(decoding: unread[..<end], as: UTF8.self)
      }
      var bytes = [UInt8](repeating: 0, count: 4_096)
      let count = unsafe read(descriptor, &bytes, bytes.count)
      if count <= 0 { return nil }
      unread += bytes[..<count]
    }
  }

  /// Sends a line and returns the next one received.
  func ask(_ line: String) -> String? {
    send(line)
    return receive()
  }
}
