// SPDX-License-Identifier: Apache-2.0
//
// Puts the guard of connections into a server of any kind: HTTP/1, TLS, HTTP/2, WebSockets. Hummingbird keeps the
// function that makes a server's connections in the one property of a builder, which it shows to no other package.

#if Hummingbird
  import HummingbirdCore

  /// A builder as it lies in memory.
  private struct BuilderLayout {
    typealias Make = @Sendable (@escaping HTTPChannelHandler.Responder) throws -> any ServerChildChannel

    let make: Make

    /// Whether a builder of this version of Hummingbird looks so.
    static func fits(_ builder: HTTPServerBuilder) -> Bool {
      let children = Array(Mirror(reflecting: builder).children)
      return children.count == 1 && type(of: children[0].value) == Make.self
        && MemoryLayout<HTTPServerBuilder>.size == MemoryLayout<BuilderLayout>.size
    }
  }

  extension HTTPServerBuilder {
    /// Returns a builder of the same server with contained connections.
    func contained(by containment: Containment) throws(HummingbirdNotSupported) -> HTTPServerBuilder {
      guard BuilderLayout.fits(self) else { throw HummingbirdNotSupported() }
      // Sound: both have one stored property, of this type. The value in the mirror cannot be called: Swift keeps a
      // function in a property and a function in an `Any` in different forms, and a mirror mixes them up.
      let make = unsafe unsafeBitCast(self, to: BuilderLayout.self).make
      return HTTPServerBuilder { responder in try make(responder).contained(by: containment) }
    }
  }

  extension ServerChildChannel {
    fileprivate func contained(by containment: Containment) -> any ServerChildChannel {
      ContainedConnection(base: self, containment: containment)
    }
  }

  /// This version of Hummingbird does not let its connections be contained.
  public struct HummingbirdNotSupported: Error, CustomStringConvertible {
    /// The reason in one sentence.
    public var description: String {
      "this version of Hummingbird shows nobody how it makes connections: use version 2.28 or another 2.x"
    }
  }
#endif
