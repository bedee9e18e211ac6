// SPDX-License-Identifier: Apache-2.0
//
// The last handler of a channel's pipeline: it passes what the channel reads to the process, and what happens to the
// channel to both sides.

#if NIO
  import Joist
  import NIOCore

  /// The handler of a channel that a process serves; its event loop alone uses it.
  final class ConnectionHandler<Inbound: Sendable, Outbound: Sendable>: ChannelDuplexHandler {
    typealias InboundIn = Inbound
    typealias OutboundIn = Outbound
    typealias OutboundOut = Outbound

    let input: ConnectionInput<Inbound>
    let output: ConnectionOutput<Outbound>
    /// Tells the process to exit.
    var exit: (() -> Void)?

    init(_ channel: any Channel, _ limits: ConnectionLimits) {
      input = ConnectionInput(limit: limits.inbound) { channel.read() }
      output = ConnectionOutput(channel, limits)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { input.add(unwrapInboundIn(data)) }

    func read(context: ChannelHandlerContext) { if input.mayRead() { context.read() } }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if case ChannelEvent.inputClosed = event { input.end() }
      context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
      output.setWritable(context.channel.isWritable)
      context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      input.end(error)
      output.fail(error)
      context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
      // A process that reads finds the end, and one that has not read everything will.
      let readsOn = input.isInUse
      input.end()
      output.fail(ConnectionError.closed)
      if !readsOn { exit?() }
      context.fireChannelInactive()
    }
  }
#endif
