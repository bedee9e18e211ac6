// SPDX-License-Identifier: Apache-2.0
//
// An application in place of another one: it differs in what answers requests, and in what serves connections.

#if Hummingbird
  public import Hummingbird
  public import HummingbirdCore
  public import Logging
  public import NIOCore
  public import ServiceLifecycle

  /// An application whose requests are contained.
  ///
  /// Made by ``Hummingbird/ApplicationProtocol/contained(on:deadline:answer:)``.
  public struct ContainedApplication<Base: ApplicationProtocol>: ApplicationProtocol {
    private let base: Base
    private let containment: Containment

    /// What serves connections.
    public let server: HTTPServerBuilder

    init(_ base: Base, server: HTTPServerBuilder, _ containment: Containment) {
      self.base = base
      self.server = server
      self.containment = containment
    }

    /// What answers requests.
    public var responder: ContainedResponder<Base.Responder> {
      get async throws { ContainedResponder(try await base.responder, containment) }
    }

    /// The event loops of the application.
    public var eventLoopGroup: any EventLoopGroup { base.eventLoopGroup }
    /// The configuration of the application.
    public var configuration: ApplicationConfiguration { base.configuration }
    /// The log of the application.
    public var logger: Logger { base.logger }
    /// The services that run beside the application, and one that ends last and writes the rest of the log.
    public var services: [any Service] { [containment] + base.services }
    /// What runs before the server starts.
    public var processesRunBeforeServerStart: [@Sendable () async throws -> Void] { base.processesRunBeforeServerStart }

    /// Tells the application that its server runs.
    ///
    /// - Parameter channel: The channel that listens.
    @Sendable public func onServerRunning(_ channel: any Channel) async { await base.onServerRunning(channel) }
  }
#endif
