// SPDX-License-Identifier: Apache-2.0
//
// The settings of a dashboard, and the bounds that keep it from being a burden to the program that it shows.

#if Dashboard
  import JoistObservation

  /// The settings of a dashboard.
  public struct DashboardOptions: Sendable {
    /// The address on which `run` listens, or on which the server listens that `addRoutes` extends.
    public var host: String
    /// The port on which `run` listens; zero chooses a free one.
    public var port: Int
    /// A secret of 16 to 256 letters, digits and `-._~` that each request must show; nil asks for none.
    ///
    /// A host that is not a loopback address needs one. Without it each program on this machine may ask.
    public var token: String?
    /// Whether the page may end, suspend and resume processes; the inspector must allow that, too.
    public var allowControl: Bool
    var limits = DashboardLimits()

    /// Creates settings.
    ///
    /// - Parameters:
    ///   - host: The address, 127.0.0.1 by default.
    ///   - port: The port, 9464 by default; zero chooses a free one.
    ///   - token: The secret; nil by default.
    ///   - allowControl: Whether the page may end, suspend and resume processes; false by default.
    public init(host: String = "127.0.0.1", port: Int = 9464, token: String? = nil, allowControl: Bool = false) {
      self.host = host
      self.port = port
      self.token = token
      self.allowControl = allowControl
    }

    /// Checks that the settings let no stranger in.
    ///
    /// - Throws: One line that names the setting to change.
    func validate() throws(InspectionError) {
      guard (0...65_535).contains(port) else {
        throw InspectionError("The dashboard's port \(port) is not from 0 to 65535; choose another one.")
      }
      guard let token else {
        guard Access.isLoopback(host) else {
          throw InspectionError(
            "The dashboard on \(host) can be reached from other machines; set a token, or use the host 127.0.0.1."
          )
        }
        return
      }
      let allowed = token.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "-._~".utf8.contains(byte)
        }
      }
      guard allowed, (16...256).contains(token.utf8.count) else {
        throw InspectionError("The dashboard's token must have 16 to 256 letters, digits or characters of -._~.")
      }
    }
  }

  /// The bounds of a dashboard.
  struct DashboardLimits: Sendable {
    /// The shortest time between two questions of a kind: people do not read figures faster.
    var interval = Duration.seconds(1)
    /// The longest time between two questions of a kind, however long the program takes to answer.
    var longestInterval = Duration.seconds(60)
    /// The part of a core that questions may use is one divided by this.
    var costFactor = 100
    /// The time after which an idle stream gets a comment: proxies close streams that are silent for 30 seconds.
    var heartbeat = Duration.seconds(15)
    /// The time within which a client must take an event; after it the client is dropped.
    var stall = Duration.seconds(10)
    /// The number of pages that may look at the same time; each has a connection and at most one event in flight.
    var streams = 256
    /// The number of answers that are kept for sharing.
    var answers = 128
    /// The number of questions that may wait for a thread.
    var waitingQuestions = 64
    /// The number of processes in a list, and of stack groups and waits.
    var rows = 500
    /// The size of a dump in bytes; larger ones belong into a file that the program writes itself.
    var dumpBytes = 64 << 20
    /// The longest time to record or sample, in seconds.
    var recordingSeconds = 30.0
  }
#endif
