// SPDX-License-Identifier: Apache-2.0
//
// TCP sockets on loopback that never block: what cannot be done yet gives back nil. Processes wait with `waitReadable`
// and `waitWritable` and try again.

import Foundation

#if canImport(Glibc)
  private let streamType = Int32(SOCK_STREAM.rawValue)
#else
  private let streamType = SOCK_STREAM
#endif

/// What the system refused, in one line.
struct SocketError: Error, CustomStringConvertible {
  let description: String

  // Sound: the system's text is copied at once.
  init(_ what: String, _ code: Int32 = errno) { description = unsafe "\(what): \(String(cString: strerror(code)))" }
}

/// A socket: a number and no more, so closing it is somebody's duty.
struct Socket: Sendable {
  let descriptor: Int32

  /// A socket that listens on a port of loopback; on a free one for port zero.
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

  // Sound: the system reads and writes only the variables passed, each with its own size, and keeps no pointer.
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
  /// The port that it listens on.
  var port: UInt16 {
    var (address, size) = (sockaddr_in(), socklen_t(MemoryLayout<sockaddr_in>.size))
    _ = unsafe withUnsafeMutablePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &size) }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  /// The next connection; nil when nobody waits for one.
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

  // Sound: the array gives the memory for as many bytes as it has, and the count says how many were written to it.
  /// What has come, 4 KiB at most: empty at the end, nil when there is nothing yet.
  func read() throws(SocketError) -> ArraySlice<UInt8>? {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = unsafe Foundation.read(descriptor, &bytes, bytes.count)
    if count >= 0 { return bytes[..<count] }
    if Socket.isTransient(errno) { return nil }
    throw SocketError("read")
  }

  // Sound: the slice gives the memory, for as many bytes as it has.
  /// Writes what there is room for and says how much that was; nil when there is no room yet.
  func write(_ bytes: ArraySlice<UInt8>) throws(SocketError) -> Int? {
    let count = unsafe bytes.withUnsafeBytes { unsafe Foundation.write(descriptor, $0.baseAddress, $0.count) }
    if count >= 0 { return count }
    if Socket.isTransient(errno) { return nil }
    throw SocketError("write")
  }

  /// Closes it; nobody may be waiting for it.
  func close() { _ = Foundation.close(descriptor) }

  /// Whether that error only says to try again.
  private static func isTransient(_ code: Int32) -> Bool { code == EAGAIN || code == EWOULDBLOCK || code == EINTR }
}
