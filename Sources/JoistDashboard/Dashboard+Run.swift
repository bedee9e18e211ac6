// SPDX-License-Identifier: Apache-2.0
//
// Serves the dashboard by itself, for programs without a server of their own.

#if Dashboard
  import Hummingbird
  import JoistObservation
  import Logging
  import NIOCore

  extension Dashboard {
    /// Serves the page at the address of the options until the task is cancelled.
    ///
    /// Suspends the calling task, and uses the event loops that all servers of the program share.
    ///
    /// - Parameter onStart: Is called once with the address of the page, such as `http://127.0.0.1:9464/`.
    /// - Throws: An `InspectionError` with one line that says what to change, if the server cannot start.
    public func run(onStart: @escaping @Sendable (String) -> Void = { _ in }) async throws {
      let router = Router(context: BasicRequestContext.self)
      try addRoutes(to: router, at: "")
      let host = options.host
      var logger = Logger(label: "joist.dashboard")
      // The server reports the cancellation that ends it as an error of each connection.
      logger.logLevel = .critical
      let application = Application(
        router: router,
        configuration: ApplicationConfiguration(address: .hostname(host, port: options.port), serverName: nil),
        onServerRunning: { channel in
          let name = host.contains(":") ? "[\(host)]" : host
          onStart("http://\(name):\(channel.localAddress?.port ?? 0)/")
        },
        logger: logger
      )
      do {
        try await application.run()
      } catch let error as IOError {
        throw InspectionError(
          "The dashboard cannot listen on \(host), port \(options.port): \(error); choose another address or port."
        )
      }
    }
  }
#endif
