// SPDX-License-Identifier: Apache-2.0
//
// How errors and answers become responses.

#if Dashboard
  import Foundation
  import HTTPTypes
  import Hummingbird
  import JoistObservation
  import NIOCore

  /// A request that cannot be answered as it is.
  struct DashboardError: Error {
    let status: HTTPResponse.Status
    /// One line that says what to do.
    let line: String

    /// Returns an error as a JSON object with the line under `error`.
    static func json(_ error: any Error) -> [UInt8] {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .withoutEscapingSlashes
      // A dictionary of texts can always be encoded.
      return (try? encoder.encode(["error": line(of: error)])).map { Array($0) } ?? []
    }

    /// Returns the response to a request that failed.
    static func response(_ error: any Error) -> Response {
      .bytes(json(error), type: "application/json", status: status(of: error))
    }

    private static func line(of error: any Error) -> String {
      (error as? DashboardError)?.line ?? "\(error)"
    }

    private static func status(of error: any Error) -> HTTPResponse.Status {
      switch error {
      case let error as DashboardError: error.status
      case is MissingProcess: .notFound
      default: .serviceUnavailable
      }
    }
  }

  extension Response {
    static func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
      bytes(Array(text.utf8), type: "text/plain; charset=utf-8", status: status)
    }

    static func bytes(_ bytes: [UInt8], type: String, status: HTTPResponse.Status = .ok) -> Response {
      Response(status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
  }
#endif
