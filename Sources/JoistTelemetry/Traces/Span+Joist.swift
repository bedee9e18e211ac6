// SPDX-License-Identifier: Apache-2.0
//
// What each span of Joist says: the process that made it, and the error with which it ended.

#if Telemetry
  import Joist
  import Tracing

  extension Span {
    /// Notes the process that the calling thread runs, if it runs one.
    func describeProcess() {
      guard isRecording, let process = CurrentProcess.here else { return }
      updateAttributes { attributes in
        attributes["joist.process"] = "\(process.id)"
        if let name = process.name { attributes["joist.name"] = name.cleaned(limit: TextLimit.name) }
      }
    }

    /// Notes the process that is called.
    func describeCallee(_ id: ProcessID) {
      guard isRecording else { return }
      updateAttributes { $0["joist.callee"] = "\(id)" }
    }

    /// Ends the span, with an error if there is one.
    func end(after failure: (any Error)?) {
      if let failure {
        recordError(failure)
        setStatus(SpanStatus(code: .error, message: "\(failure)".cleaned(limit: TextLimit.line)))
      }
      end()
    }
  }
#endif
