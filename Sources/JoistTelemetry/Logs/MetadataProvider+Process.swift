// SPDX-License-Identifier: Apache-2.0
//
// Says in each line of a log which process wrote it. Works for loggers that know nothing of Joist: the provider finds
// the process by the thread.

#if Telemetry
  import Joist
  public import Logging

  /// The keys of metadata that Joist writes.
  enum MetadataKey {
    static let process = "joist.process"
    static let name = "joist.name"
    static let child = "joist.child"
    static let supervisor = "joist.supervisor"
    static let token = "joist.token"
  }

  extension Logger.MetadataProvider {
    /// The metadata of the process that writes to the log.
    ///
    /// | key | value |
    /// | --- | --- |
    /// | `joist.process` | the identity, such as `#12.3` |
    /// | `joist.name` | a registered name, if the process has one |
    /// | `joist.child` | its name among its supervisor's children, if it is a supervisor's child |
    /// | `joist.supervisor` | its supervisor: the name among the children of its own supervisor, or else the identity |
    /// | `joist.token` | the trace token, if the process has one |
    ///
    /// A closure of `blocking` has the metadata of its process. Any other thread, and a Swift task, has none. Control
    /// characters in names are escaped. The provider allocates the metadata, never waits, and costs about a
    /// microsecond. For a process that has a registered name, it costs some nanoseconds more for each registered name
    /// of the runtime.
    ///
    /// ```
    /// LoggingSystem.bootstrap(StreamLogHandler.standardError, metadataProvider: .joistProcess)
    /// ```
    public static let joistProcess = Logger.MetadataProvider {
      guard let process = CurrentProcess.here else { return [:] }
      var metadata = Logger.Metadata(process.id, name: process.name, child: process.child)
      if let token = process.token { metadata[MetadataKey.token] = "\(token)" }
      return metadata
    }
  }

  extension Logger.Metadata {
    /// Makes the metadata that name a process.
    init(_ process: ProcessID, name: String?, child: Report.Child?) {
      self = [MetadataKey.process: "\(process)"]
      if let name { self[MetadataKey.name] = .string(name.cleaned(limit: TextLimit.name)) }
      guard let child else { return }
      self[MetadataKey.child] = .string(child.name.cleaned(limit: TextLimit.name))
      let supervisor = child.supervisorName ?? "\(child.supervisor)"
      self[MetadataKey.supervisor] = .string(supervisor.cleaned(limit: TextLimit.name))
    }
  }
#endif
