// SPDX-License-Identifier: Apache-2.0
//
// The one line by which a crash in an application of Hummingbird ends one request.

#if Hummingbird
  public import Hummingbird
  public import Joist
  import JoistConcurrency

  extension ApplicationProtocol {
    /// Returns this application with each request contained: a crash ends the request, and the program goes on.
    ///
    /// If the code for a request crashes or overflows its stack, the client gets the response of `answer`, and the
    /// connection goes on. If the head of the response has been written already, as for a body that is streamed, or if
    /// a connection's own code crashes, the connection is closed. Each crash is one line of the log, with the request's
    /// metadata, and counts in the metric `joist_request_crashes`. The tasks that the crashed code has started are
    /// cancelled. `ProcessRuntime.contain` says what is not contained, and what a crash leaves behind.
    ///
    /// ```
    /// try await app.contained(on: runtime).runService()
    /// ```
    ///
    /// Takes the tasks of the program over if the runtime does not run them yet, so call it before the application
    /// runs; call `runtime.takeOverTasks` before it to choose options.
    ///
    /// - Parameters:
    ///   - runtime: The runtime that runs the program's tasks.
    ///   - deadline: The time after which a request's code is cancelled and its client gets `answer`'s response; nil if
    ///     there is none. A body that is streamed afterwards has no deadline.
    ///   - answer: Returns the response to a request whose code has crashed or took too long. The default has status
    ///     500 or 503 and no body.
    /// - Returns: An application to run in place of this one.
    /// - Throws: `TaskTakeoverError` if the runtime cannot run the program's tasks; ``HummingbirdNotSupported``.
    public func contained(
      on runtime: ProcessRuntime,
      deadline: Duration? = nil,
      answer: @escaping @Sendable (FailedRequest) -> Response = { $0.defaultResponse }
    ) throws -> ContainedApplication<Self> {
      if !runtime.runsTasks { try runtime.takeOverTasks() }
      let containment = Containment(runtime, deadline: deadline, logger: logger, answer: answer)
      return ContainedApplication(self, server: try server.contained(by: containment), containment)
    }
  }
#endif
