// SPDX-License-Identifier: Apache-2.0
//
// The questions that pages ask about the program. Two requests that ask the same have equal keys, so that they share
// one answer.

#if Dashboard
  import Foundation
  import JoistObservation

  /// A question about the program, and how it is asked.
  struct Question<Value: Sendable>: Sendable {
    /// What the question asks for; equal keys share an answer.
    let key: String
    /// Whether the answer takes seconds, as that of a recording does.
    var isSlow = false
    /// Asks the program; returns the answer and how long the program worked on it, if the answer says so.
    let ask: @Sendable (any ProgramInspector) throws -> (value: Value, tookNanoseconds: Int64?)
  }

  extension Question where Value == [UInt8] {
    /// Makes a question whose answer is sent as JSON.
    private static func json<Answer: Encodable & SendableMetatype>(
      _ key: String,
      _ ask: @escaping @Sendable (any ProgramInspector) throws -> Answer
    ) -> Question {
      Question(key: key) { (try encode(ask($0)), nil) }
    }

    static var program: Question { json("program") { try $0.program() } }

    static var runtime: Question { json("runtime") { try $0.runtime() } }

    static var supervision: Question { json("supervision") { try $0.supervisionTree() } }

    static func waits(limit: Int) -> Question { json("waits \(limit)") { try $0.waits(limit: limit) } }

    static func stacks(limit: Int) -> Question { json("stacks \(limit)") { try $0.stacks(limit: limit) } }

    static func process(_ idOrName: String) -> Question {
      json("process \(idOrName)") { inspector in
        guard let page = try inspector.process(idOrName) else {
          throw MissingProcess(description: "There is no process \(idOrName); it may have ended.")
        }
        return page
      }
    }

    static func processes(by figure: ProcessFigure, limit: Int, growth: Bool) -> Question {
      Question(key: "processes \(figure.rawValue) \(limit) \(growth)") { inspector in
        let list = try inspector.processes(by: figure, limit: limit, sinceLast: growth)
        return (try encode(list), list.tookNanoseconds)
      }
    }

    static func metrics(_ format: RuntimeDescription.MetricsFormat) -> Question {
      Question(key: "metrics \(format)") { (Array(try $0.runtime().prometheusText(format).utf8), nil) }
    }

    static func dump(asJSON: Bool, limitBytes: Int) -> Question {
      Question(key: "dump \(asJSON)", isSlow: true) { (try $0.dump(asJSON: asJSON, limitBytes: limitBytes), nil) }
    }

    static func timeline(seconds: Double, level: String) -> Question {
      Question(key: "timeline \(seconds) \(level)", isSlow: true) { inspector in
        let trace = try ExecutionTrace(recording: inspector.recording(seconds: seconds, level: level))
        return (try encode(Timeline(lastOf: trace)), nil)
      }
    }
  }

  extension Question where Value == ExecutionTrace {
    static func trace(seconds: Double, level: String) -> Question {
      Question(key: "trace \(seconds) \(level)", isSlow: true) { inspector in
        (try ExecutionTrace(recording: inspector.recording(seconds: seconds, level: level)), nil)
      }
    }
  }

  extension Question where Value == StackProfile {
    static func profile(seconds: Double) -> Question {
      Question(key: "profile \(seconds)", isSlow: true) { inspector in
        let start = Date.now.timeIntervalSince1970
        let profile = StackProfile(
          stacks: try inspector.profile(seconds: seconds),
          programName: try inspector.program().name,
          durationNanoseconds: Int64(seconds * 1e9),
          periodNanoseconds: StackProfile.samplingPeriod,
          startNanoseconds: Int64(start * 1e9)
        )
        return (profile, nil)
      }
    }
  }

  /// The question named a process that does not exist.
  struct MissingProcess: Error, CustomStringConvertible {
    let description: String
  }

  /// Returns a value as JSON; equal values have equal texts.
  private func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }
#endif
