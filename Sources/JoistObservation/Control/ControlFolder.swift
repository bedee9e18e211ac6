// SPDX-License-Identifier: Apache-2.0
//
// The folder in which control sockets lie: the one that is given, or else `joist` in `$XDG_RUNTIME_DIR`, or else
// `/tmp/joist-USER`. It must be a real folder of the same user and closed to all others, because a folder that another
// user controls can lead to a socket that is not the program's.

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A folder that was checked.
struct ControlFolder: Sendable {
  let path: String

  /// Returns the folder for a new socket, and creates it if it is missing.
  static func forServer(_ directory: String?) throws(InspectionError) -> ControlFolder {
    let path = directory.map(withoutSlash) ?? runtimeFolder ?? sharedFolder
    do throws(SystemError) {
      try SystemCalls.createPrivateFolder(path)
    } catch {
      throw InspectionError("cannot create the folder \(shown(path)) for the control socket: \(error)")
    }
    if let reason = refusal(of: path, asRoot: false) { throw reason }
    return ControlFolder(path: path)
  }

  /// Returns the folders in which a client looks; the default folders of both kinds, because the program's environment
  /// may have differed.
  static func forClient(_ directory: String?) throws(InspectionError) -> [ControlFolder] {
    if let directory {
      let path = withoutSlash(directory)
      if let reason = refusal(of: path, asRoot: true) { throw reason }
      return [ControlFolder(path: path)]
    }
    return [runtimeFolder, sharedFolder].compactMap(\.self).filter { refusal(of: $0, asRoot: false) == nil }
      .map(ControlFolder.init)
  }

  /// The addresses of the sockets in the folder, in the order of their names.
  var addresses: [ControlAddress] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().lazy.compactMap { ControlAddress(folder: path, fileName: $0) }
      .prefix(ControlLimits.listedSockets).map(\.self)
  }

  // MARK: Where

  /// The folder in the user's directory for sockets; nil if the session has none, or has that of another user.
  private static var runtimeFolder: String? {
    guard let base = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"], base.hasPrefix("/"),
      let status = try? FileStatus(of: withoutSlash(base)), status.kind == .folder, status.owner == SystemCalls.user
    else { return nil }
    return withoutSlash(base) + "/joist"
  }

  /// The folder in the directory that all users share.
  ///
  /// `$TMPDIR` is not asked, because a program and its observer often have different ones.
  private static var sharedFolder: String { "/tmp/joist-\(SystemCalls.user)" }

  /// A slash at the end would lead through a symbolic link.
  private static func withoutSlash(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// A path as it can be shown in a line.
  static func shown(_ path: String) -> String {
    InspectionError.cleaned(path, limitBytes: ControlLimits.errorBytes / 4)
  }

  // MARK: Trust

  /// Returns why a folder cannot be trusted; nil if it can.
  private static func refusal(of path: String, asRoot: Bool) -> InspectionError? {
    let status: FileStatus
    do throws(SystemError) {
      status = try FileStatus(of: path)
    } catch {
      return InspectionError("cannot look into the folder \(shown(path)) for control sockets: \(error)")
    }
    let other = "name another folder for control sockets"
    guard status.kind == .folder else {
      let kind = status.kind == .link ? "a symbolic link" : "not a folder"
      return InspectionError("\(shown(path)) is \(kind): \(other)")
    }
    guard status.owner == SystemCalls.user || (asRoot && SystemCalls.user == 0) else {
      return InspectionError("the folder \(shown(path)) belongs to another user (\(status.owner)): \(other)")
    }
    guard status.rights & 0o077 == 0 else {
      let rights = String(status.rights, radix: 8)
      return InspectionError("the folder \(shown(path)) is open to others (\(rights)): give it mode 700, or \(other)")
    }
    return nil
  }
}
