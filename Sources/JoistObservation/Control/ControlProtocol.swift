// SPDX-License-Identifier: Apache-2.0
//
// What client and server say to each other. A frame is a length of four bytes, little endian, and that number of bytes
// of JSON. The client sends a `ControlRequest` in a frame and waits for a frame with a `ControlReply`; if that has
// `bytes`, the bytes follow it as they are. The fields of `ControlEnvelope` and `err` are the same in all versions, so
// that programs of different versions can say so.

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A question about a program; the cases mirror the functions of `ProgramInspector`.
enum ControlQuestion: Codable, Sendable, Hashable {
  case program
  case runtime
  case processes(by: ProcessFigure, limit: Int, sinceLast: Bool)
  case process(idOrName: String)
  case supervisionTree
  case stacks(limit: Int)
  case waits(limit: Int)
  case recording(seconds: Double, level: String)
  case profile(seconds: Double)
  case dump(asJSON: Bool, limitBytes: Int)
  case control(action: ControlAction, idOrName: String)

  /// The time for which the question itself asks the program to watch.
  var seconds: Double {
    switch self {
    case .recording(let seconds, _), .profile(let seconds): seconds
    default: 0
    }
  }
}

/// What each request and each reply begins with.
struct ControlEnvelope: Codable, Sendable {
  /// The version of the protocol, which grows with each change that the other side must know of.
  static let currentVersion = 1

  var version: Int
  /// The number of the request on its connection; zero in a reply that answers no request.
  var id: Int
}

/// A request.
struct ControlRequest: Codable, Sendable {
  var version = ControlEnvelope.currentVersion
  var id: Int
  var question: ControlQuestion
}

/// A reply; one without `ok`, `bytes` and `err` says that there is no such thing, or that the action is done.
struct ControlReply<Answer: Codable & Sendable>: Codable, Sendable {
  var version = ControlEnvelope.currentVersion
  var id: Int
  var ok: Answer?
  /// The number of bytes that follow the frame.
  var bytes: Int?
  var err: InspectionError?
}

/// An answer that says nothing: a reply with an error, with bytes, or without an answer.
struct ControlNothing: Codable, Sendable {}

/// Values as JSON.
enum ControlCoding {
  static func encode(_ value: some Encodable) throws -> [UInt8] { try [UInt8](JSONEncoder().encode(value)) }

  static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    try JSONDecoder().decode(type, from: Data(bytes))
  }
}

extension InspectionError {
  /// Describes any error in one line of bounded length, without control characters.
  init(oneLine error: any Error) {
    let text = (error as? InspectionError)?.description ?? String(describing: error)
    self.init(InspectionError.cleaned(text, limitBytes: ControlLimits.errorBytes))
  }

  /// Returns a text with spaces in place of control characters, cut to a number of bytes.
  static func cleaned(_ text: String, limitBytes: Int) -> String {
    var result = String.UnicodeScalarView()
    var bytes = 0
    for scalar in text.unicodeScalars {
      let kept = isPrintable(scalar) ? scalar : " "
      bytes += UTF8.width(kept)
      guard bytes <= limitBytes else { break }
      result.append(kept)
    }
    return String(result)
  }

  /// Whether a terminal shows the character and does nothing else.
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
    default: true
    }
  }

  /// Describes a client and a program that do not speak the same version.
  init(programVersion: Int, clientVersion: Int) {
    self.init(
      "the program speaks version \(programVersion) of the control protocol and this command version "
        + "\(clientVersion): use the joist command of the version that the program was built with"
    )
  }
}
