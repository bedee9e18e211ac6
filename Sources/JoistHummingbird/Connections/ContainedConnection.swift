// SPDX-License-Identifier: Apache-2.0
//
// The guard around all code of a connection. A crash outside of the code for a request, as in a response's body, ends
// the connection.

#if Hummingbird
  import Hummingbird
  import HummingbirdCore
  import Joist
  import JoistConcurrency
  import Logging
  import NIOCore

  /// Connections that are closed when their code crashes.
  struct ContainedConnection<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base
    let containment: Containment

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
      base.setup(channel: channel, logger: logger)
    }

    func handle(value: Base.Value, logger: Logger) async {
      let last = LastRequest()
      do {
        try await containment.runtime.contain {
          await LastRequest.$current.withValue(last) { await base.handle(value: value, logger: logger) }
        }
      } catch let crash as ContainedCrash {
        containment.connectionCrashed(crash, last: last.get, logger)
        value.channel.close(promise: nil)
      } catch {
        // `contain` throws nothing else for code that throws nothing.
        logger.error("a connection is closed: \(error)")
        value.channel.close(promise: nil)
      }
    }
  }
#endif
