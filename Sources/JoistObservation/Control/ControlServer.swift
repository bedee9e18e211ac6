// SPDX-License-Identifier: Apache-2.0
//
// The control socket of a program: what the program opens, by choice, so that `joist top` and other commands can ask
// about it. The folder is that of `ControlFolder`, the file `NAME-PID.sock`.

import Synchronization

/// A Unix socket through which programs of the same user ask about this program.
///
/// The server has one thread, and one more for each of at most 16 clients. Clients that hang, flood or do not take
/// their answers are dropped, and hold up neither each other nor the program. The socket stays open until ``close()``
/// is called or the program exits, whether or not the program keeps the server.
public final class ControlServer: Sendable {
  /// The path of the socket.
  public let path: String

  private struct Running: Sendable {
    let file: ControlFile
    let listener: ControlListener
    let thread: ControlThread
  }

  /// What `close` ends; nil once it has, so that a closed server holds no descriptor.
  private let running: Mutex<Running?>

  /// Opens a socket and begins to answer; does not wait for clients.
  ///
  /// - Parameters:
  ///   - inspector: What answers the questions; it is called on threads of the server, up to 16 at once.
  ///   - name: The name of the program for those who ask, by default that of its executable. Characters that cannot be
  ///     part of a file's name become `_`, and at most 40 bytes are kept.
  ///   - directory: The folder of the socket, which is created with mode 700 if it is missing. By default it is `joist`
  ///     in `$XDG_RUNTIME_DIR`, or else `/tmp/joist-USER`.
  ///   - allowControl: Whether clients may also end, suspend and resume processes.
  /// - Returns: The server.
  /// - Throws: An error that says what to do: if the folder belongs to another user, is open to others or is a symbolic
  ///   link; if the path is too long; if this program has a socket of that name; if the system has no thread or no
  ///   descriptor.
  public static func open(
    _ inspector: any ProgramInspector,
    name: String? = nil,
    directory: String? = nil,
    allowControl: Bool = false
  ) throws(InspectionError) -> ControlServer {
    try open(inspector, name: name, directory: directory, allowControl: allowControl, limits: ControlLimits())
  }

  /// Opens a socket whose clients have other times than the usual ones.
  package static func open(
    _ inspector: any ProgramInspector,
    name: String?,
    directory: String?,
    allowControl: Bool,
    limits: ControlLimits
  ) throws(InspectionError) -> ControlServer {
    let folder = try ControlFolder.forServer(directory)
    let address = ControlAddress(folder: folder.path, program: name ?? executable, pid: SystemCalls.pid)
    let (file, socket) = try ControlFile.create(address)
    do throws(SystemError) {
      let service = ControlService(inspector: inspector, allowControl: allowControl, limits: limits)
      let listener = try ControlListener(socket, service)
      let thread = try ControlThread { listener.run() }
      return ControlServer(Running(file: file, listener: listener, thread: thread))
    } catch {
      file.remove()
      throw InspectionError("cannot serve the control socket \(ControlFolder.shown(file.path)): \(error)")
    }
  }

  private init(_ running: Running) {
    path = running.file.path
    self.running = Mutex(running)
  }

  /// Removes the socket, ends all connections and ends the threads; does nothing if the server is closed.
  ///
  /// The call blocks until the threads have ended, which a question that is being answered can delay by at most five
  /// seconds. A thread whose question takes longer ends when the inspector has answered it.
  public func close() {
    running.withLock { running in
      running?.file.remove()
      running?.listener.close()
      running?.thread.join()
      running = nil
    }
  }

  private static var executable: String {
    CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? ""
  }
}
