// SPDX-License-Identifier: Apache-2.0
//
// What a program calls to be looked into: a control socket, and a dump.

public import Joist

extension ProcessRuntime {
  /// Opens a Unix socket through which `joist top` and the other commands look into this runtime.
  ///
  /// Only the same user and root may connect. The server keeps the runtime, and lasts until it is closed or the program
  /// ends. Blocks for some system calls.
  ///
  /// ```swift
  /// let control = try runtime.openControlSocket()
  /// ```
  ///
  /// - Parameters:
  ///   - name: The name by which commands find the program; nil stands for that of its executable.
  ///   - directory: The folder of the socket; nil stands for a folder of the user, where commands look for it.
  ///   - allowControl: Whether others may end, suspend and resume processes.
  /// - Returns: The server.
  /// - Throws: ``InspectionError`` if the socket cannot be opened.
  public func openControlSocket(
    name: String? = nil,
    directory: String? = nil,
    allowControl: Bool = false
  ) throws(InspectionError) -> ControlServer {
    let inspector = RuntimeInspector(self, name: name)
    return try ControlServer.open(inspector, name: name, directory: directory, allowControl: allowControl)
  }

  /// Writes a dump of the runtime to a file: all processes, stacks, waits, schedulers, counters and histograms.
  ///
  /// Has no contents of messages. Blocks the calling thread for at most half a minute, and stops no scheduler.
  ///
  /// - Parameters:
  ///   - path: The path of the file, which is replaced if it exists.
  ///   - asJSON: Whether to write lines of JSON instead of text.
  ///   - limitBytes: The maximum length of the dump, which then says that it was cut.
  /// - Throws: ``InspectionError`` if the file cannot be written.
  public func dump(
    to path: String,
    asJSON: Bool = false,
    limitBytes: Int = 64 << 20
  ) throws(InspectionError) {
    let bytes = RuntimeInspector(self).dump(asJSON: asJSON, limitBytes: limitBytes)
    try OutputFile.write(to: path) { sink in try sink(bytes) }
  }
}
