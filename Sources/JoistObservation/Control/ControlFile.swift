// SPDX-License-Identifier: Apache-2.0
//
// The file of a listening socket: its creation, which replaces the file of a program that has crashed, and its removal
// when the server is closed or the program exits.

import Synchronization

/// The file of a socket that this program listens on.
struct ControlFile: Sendable {
  let path: String
  private let status: FileStatus
  /// The process that created it; a fork of it leaves the file alone.
  private let pid: Int32

  /// The time for the lock of the folder, which programs hold for microseconds.
  private static let lockTime = Duration.seconds(1)
  /// The files to remove at exit.
  private static let files = Mutex<[ControlFile]>([])
  /// Has the files removed at exit, from the first use on.
  private static let removesAtExit: Void = SystemCalls.atExit {
    // A thread that was stopped while it held the lock must not keep the program from its exit.
    let files = ControlFile.files.withLockIfAvailable(\.self) ?? []
    for file in files where file.pid == SystemCalls.pid { file.removeFromFolder() }
  }

  /// Creates a socket's file and listens there.
  static func create(_ address: ControlAddress) throws(InspectionError) -> (ControlFile, UnixSocket) {
    let path = address.path
    let shown = ControlFolder.shown(path)
    guard path.utf8.count <= UnixSocket.longestPath else {
      throw InspectionError(
        "the path of the control socket has \(path.utf8.count) bytes and at most \(UnixSocket.longestPath) are "
          + "possible: name a shorter folder than \(ControlFolder.shown(address.folder))"
      )
    }
    do throws(SystemError) {
      let deadline = ContinuousClock.now + lockTime
      let (socket, status) = try SystemCalls.locking(address.folder, until: deadline) { () throws(SystemError) in
        (try listen(at: path), try FileStatus(of: path))
      }
      let file = ControlFile(path: path, status: status, pid: SystemCalls.pid)
      _ = removesAtExit
      files.withLock { $0.append(file) }
      return (file, socket)
    } catch {
      guard !error.isTaken else {
        throw InspectionError("\(shown) is in use: close the other control server, or give this one another name")
      }
      throw InspectionError("cannot open the control socket \(shown): \(error)")
    }
  }

  /// Listens at a path, and replaces a socket there on which no program listens.
  ///
  /// The caller holds the lock of the folder, so that no other program is between its creation of a file and its
  /// listening.
  private static func listen(at path: String) throws(SystemError) -> UnixSocket {
    do throws(SystemError) {
      return try UnixSocket.listening(at: path)
    } catch {
      guard error.isTaken, isStale(path) else { throw error }
      SystemCalls.remove(path)
      return try UnixSocket.listening(at: path)
    }
  }

  /// Whether a path is a socket on which no program listens.
  private static func isStale(_ path: String) -> Bool {
    guard (try? FileStatus(of: path))?.kind == .socket else { return false }
    do throws(SystemError) {
      _ = try UnixSocket.connected(to: path, until: .now)
      return false
    } catch {
      return error.isRefused
    }
  }

  /// Removes the file, unless it was replaced by another.
  func remove() {
    ControlFile.files.withLock { $0.removeAll { $0.status.isSameFile(as: status) } }
    removeFromFolder()
  }

  private func removeFromFolder() {
    guard let now = try? FileStatus(of: path), now.isSameFile(as: status) else { return }
    SystemCalls.remove(path)
  }

  /// Removes the socket of a program that has ended without removing it.
  static func removeStale(_ address: ControlAddress) {
    guard !SystemCalls.isAlive(address.pid) else { return }
    _ = try? SystemCalls.locking(address.folder, until: .now + lockTime) { () throws(SystemError) in
      if isStale(address.path) { SystemCalls.remove(address.path) }
    }
  }
}
