// SPDX-License-Identifier: Apache-2.0
//
// What the guards of an application have in common: the runtime, and what becomes of a crash.

#if Hummingbird
  import CoreMetrics
  import Hummingbird
  import Joist
  import JoistConcurrency
  import JoistTelemetry
  import Logging
  import ServiceLifecycle
  import Synchronization

  /// How the requests and connections of one application are contained.
  final class Containment: Service {
    let runtime: ProcessRuntime
    let deadline: Duration?
    private let answer: @Sendable (FailedRequest) -> Response
    private let logger: Logger
    private let log: ReportLog
    // Ordering: relaxed, because nothing is concluded from it.
    private let hasWarned = Atomic(false)
    private let requestCrashes, lateCrashes, connectionCrashes: CoreMetrics.Counter

    init(
      _ runtime: ProcessRuntime,
      deadline: Duration?,
      logger: Logger,
      answer: @escaping @Sendable (FailedRequest) -> Response
    ) {
      self.runtime = runtime
      self.deadline = deadline
      self.answer = answer
      self.logger = logger
      log = ReportLog(logger)
      requestCrashes = Counter(label: "joist_request_crashes", dimensions: [("part", "request")])
      lateCrashes = Counter(label: "joist_request_crashes", dimensions: [("part", "late")])
      connectionCrashes = Counter(label: "joist_request_crashes", dimensions: [("part", "connection")])
    }

    /// Logs and counts the crash of a request's code, and returns the response to the request.
    func respond(to handled: any AnyHandledRequest, after crash: ContainedCrash) -> Response {
      requestCrashes.increment()
      add(crash, "the code for a request crashed", handled, handled.logger ?? logger)
      return answer(FailedRequest(request: handled.request, cause: .crash(crash)))
    }

    /// Logs and counts the crash of a task that a request's code has started, after the request was answered.
    func crashed(late crash: ContainedCrash, _ handled: any AnyHandledRequest) {
      lateCrashes.increment()
      add(crash, "a task of a request crashed after the request was answered", handled, handled.logger ?? logger)
    }

    /// Logs, once, that requests are no longer contained, if the runtime has been shut down.
    func lookAtRuntime() {
      guard runtime.isShuttingDown, !hasWarned.exchange(true, ordering: .relaxed) else { return }
      logger.warning("the runtime was shut down while the application serves: a crash in a request ends the program")
    }

    /// Logs that a request's code took too long, and returns the response to the request.
    func respond(to handled: any AnyHandledRequest, after deadline: ContainDeadlinePassed) -> Response {
      (handled.logger ?? logger).error("a request took too long", metadata: .of(handled.request))
      return answer(FailedRequest(request: handled.request, cause: .deadline(deadline)))
    }

    /// Logs and counts a crash outside of the code for a request.
    func connectionCrashed(_ crash: ContainedCrash, last: (any AnyHandledRequest)?, _ logger: Logger) {
      connectionCrashes.increment()
      add(crash, "a connection's code crashed, so it is closed", last, last?.logger ?? logger)
    }

    /// Writes the lines of the last crashes when the application has ended.
    func run() async throws {
      try? await gracefulShutdown()
      flush()
    }

    private func flush() { log.flush() }

    private func add(_ crash: ContainedCrash, _ what: String, _ handled: (any AnyHandledRequest)?, _ logger: Logger) {
      let metadata = handled.map { Logger.Metadata.of($0.request) } ?? [:]
      let line = ReportLine(event: "request_crashed", what, crash.reason, metadata: metadata)
      log.add(line, to: logger)
    }
  }

  extension Logger.Metadata {
    /// Returns the metadata of a request; its query may contain secrets, and is left out.
    fileprivate static func of(_ request: Request) -> Logger.Metadata {
      [
        "hb.request.method": .string(request.method.rawValue.cleaned(limit: TextLimit.name)),
        "hb.request.path": .string(request.uri.path.cleaned(limit: TextLimit.name)),
      ]
    }
  }
#endif
