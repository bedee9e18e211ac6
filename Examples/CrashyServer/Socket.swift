// SPDX-License-Identifier: Apache-2.0
//
// Non-blocking TCP sockets on the loopback interface. An operation that would block returns nil; the process then waits
// with `waitReadable` or `waitWritable` and tries again.

import Foundation

#if canImport(Glibc)
  private let streamType = Int32(SOCK_STREAM.rawValue)
#else
  private let streamType = SOCK_STREAM
#endif

/// A failed system call, described in one line.
struct SocketError: Error, CustomStringConvertible {
  let description: String

  // Sound: the system's text is copied at once.
  init(_ what: String, _ code: Int32 = errno) { description = unsafe "\(what): \(String(cString: strerror(code)))" }
}

/// A socket as a plain descriptor, which does not close itself.
struct Socket: Sendable {
  let descriptor: Int32

  /// Returns a socket that listens on a port of the loopback interface; port zero stands for any free port.
  static func listening(on port: UInt16) throws(SocketError) -> Socket {
    let socket = Socket(descriptor: Foundation.socket(AF_INET, streamType, 0))
    guard socket.descriptor >= 0 else { throw SocketError("no socket") }
    do throws(SocketError) {
      try socket.listen(on: port)
      return socket
    } catch {
      socket.close()
      throw error
    }
  }

  // Sound: the system accesses only the variables passed, each with its own size, and keeps no pointer.
  private func listen(on port: UInt16) throws(SocketError) {
    var (yes, address) = (Int32(1), Socket.loopback(port))
    let (yesSize, addressSize) = (MemoryLayout<Int32>.size, MemoryLayout<sockaddr_in>.size)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(yesSize))
    let bound = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, socklen_t(addressSize))
      }
    }
    guard bound == 0, Foundation.listen(descriptor, SOMAXCONN) == 0 else { throw SocketError("port \(port)") }
    try makeNonBlocking()
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    return address
  }

  private func makeNonBlocking() throws(SocketError) {
    guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { throw SocketError("fcntl") }
  }

  // Sound: as in `listen`.
  /// The port that the socket listens on.
  var port: UInt16 {
    var (address, size) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
    _ = unsafe withUnsafeMutablePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &size) }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  /// Accepts the next connection; returns nil if none is pending.
  func accept() throws(SocketError) -> Socket? {
    let new = Foundation.accept(descriptor, nil, nil)
    if new < 0 {
      if Socket.isTransient(errno) || errno == ECONNABORTED { return nil }
      throw SocketError("accept")
    }
    let socket = Socket(descriptor: new)
    try socket.makeNonBlocking()
    return socket
  }

  // Sound: the array provides the memory with its own size, and `count` is the number of bytes written to it.
  /// Reads at most 4 KiB; returns an empty slice at the end of the stream, and nil if no data has arrived yet.
  func read() throws(SocketError) -> ArraySlice<UInt8>? {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = unsafe Foundation.read(descriptor, &bytes, bytes.count)
    if count >= 0 { return bytes[..<count] }
    if Socket.isTransient(errno) { return nil }
    throw SocketError("read")
  }

  // Sound: the slice provides the memory, and the count is the slice's.
  /// Writes as many bytes as the socket accepts and returns their number; nil if it accepts none yet.
  func write(_ bytes: ArraySlice<UInt8>) throws(SocketError) -> Int? {
    let count = unsafe bytes.withUnsafeBytes { unsafe Foundation.write(descriptor, $0.baseAddress, $0.count) }
    if count >= 0 { return count }
    if Socket.isTransient(errno) { return nil }
    throw SocketError("write")
  }

  /// Closes the socket; no process may be waiting for its descriptor.
  func close() { _ = Foundation.close(descriptor) }

  /// Returns whether the error code means that the operation should be tried again.
  private static func isTransient(_ code: Int32) -> Bool { code == EAGAIN || code == EWOULDBLOCK || code == EINTR }
}
