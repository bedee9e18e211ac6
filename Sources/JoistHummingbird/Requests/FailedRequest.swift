// SPDX-License-Identifier: Apache-2.0
//
// What a program is told of a request whose code gave no response.

#if Hummingbird
  public import Hummingbird
  public import JoistConcurrency

  /// A request whose code has crashed, or took longer than the deadline.
  public struct FailedRequest: Sendable {
    /// Why there is no response.
    public enum Cause: Sendable {
      /// The code crashed.
      case crash(ContainedCrash)
      /// The deadline passed. The code was cancelled, and may still be running.
      case deadline(ContainDeadlinePassed)
    }

    /// The request; its body has been read as far as the code has read it.
    public let request: Request
    /// Why there is no response.
    public let cause: Cause

    /// The response that a client gets by default: status 500 after a crash, 503 after the deadline, and no body.
    public var defaultResponse: Response {
      switch cause {
      case .crash: Response(status: .internalServerError)
      case .deadline: Response(status: .serviceUnavailable)
      }
    }
  }
#endif
