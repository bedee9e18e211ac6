// SPDX-License-Identifier: Apache-2.0
//
// What the view asks a program at each refresh, and the answers with the time that each took. Only what the present
// view shows is asked for.

/// The questions of one refresh.
package struct TopQuestion: Sendable, Hashable {
  /// What is asked for besides the runtime itself.
  package enum Detail: Sendable, Hashable {
    case processes(by: ProcessFigure, sinceLast: Bool, limit: Int)
    case process(String)
    case tree
    case waits
  }

  /// A part of the answer, whose cost is measured.
  package enum Part: Sendable, Hashable { case program, runtime, processes, process, tree, waits }

  /// How long one part took.
  package struct Timing: Sendable, Hashable {
    package var part: Part
    /// The time from the question to the answer, in nanoseconds.
    package var roundTrip: Int64
    /// The time that the program says it took; zero if it says none.
    package var reported: Int64

    /// Creates a timing.
    package init(part: Part, roundTrip: Int64, reported: Int64 = 0) {
      self.part = part
      self.roundTrip = roundTrip
      self.reported = reported
    }
  }

  /// The number of waits that are asked for: more than a screen shows.
  package static let waitLimit = 200

  /// What is asked for besides the runtime itself; nil if that is too dear now.
  package var detail: Detail?
  /// Whether the program's own description is asked for, which does not change.
  package var asksProgram: Bool

  /// Creates a question.
  package init(_ detail: Detail?, asksProgram: Bool) {
    self.detail = detail
    self.asksProgram = asksProgram
  }

  /// Asks the program and returns its answers; blocks until all are there.
  ///
  /// - Parameters:
  ///   - inspector: The program.
  ///   - clock: Returns the time of the view's clock in nanoseconds.
  /// - Returns: The answers; a refused detail is a part of them as long as the program answers other questions.
  /// - Throws: What the inspector throws.
  package func ask(_ inspector: any ProgramInspector, clock: () -> Int64) throws -> TopAnswer {
    var timings: [Timing] = []
    var start = clock()
    func book(_ part: Part, reported: Int64 = 0) {
      let now = clock()
      timings.append(Timing(part: part, roundTrip: now - start, reported: reported))
      start = now
    }
    var program: ProgramDescription?
    if asksProgram {
      program = try inspector.program()
      book(.program)
    }
    let runtime = try inspector.runtime()
    book(.runtime)
    var content: TopAnswer.Content?
    if let detail {
      do {
        content = try detail.answer(of: inspector)
      } catch {
        // A program that still answers has refused this question alone.
        guard (try? inspector.program()) != nil else { throw error }
        content = .refused("\(error)")
      }
      book(detail.part, reported: content?.reportedNanoseconds ?? 0)
    }
    return TopAnswer(time: clock(), program: program, runtime: runtime, content: content, timings: timings)
  }
}

extension TopQuestion.Detail {
  fileprivate var part: TopQuestion.Part {
    switch self {
    case .processes: .processes
    case .process: .process
    case .tree: .tree
    case .waits: .waits
    }
  }

  fileprivate func answer(of inspector: any ProgramInspector) throws -> TopAnswer.Content {
    switch self {
    case .processes(let figure, let sinceLast, let limit):
      .processes(try inspector.processes(by: figure, limit: limit, sinceLast: sinceLast))
    case .process(let id): .process(try inspector.process(id))
    case .tree: .tree(try inspector.supervisionTree())
    case .waits: .waits(try inspector.waits(limit: TopQuestion.waitLimit))
    }
  }
}

/// The answers to the questions of one refresh.
package struct TopAnswer: Sendable {
  /// What was asked for besides the runtime itself.
  package enum Content: Sendable {
    case processes(ProcessList)
    /// The process that was asked for; nil if there is none.
    case process(ProcessPage?)
    case tree([SupervisionNode])
    case waits(WaitList)
    /// Why the program did not answer this question, though it answers others.
    case refused(String)

    /// The time that the program says it took; zero if it says none.
    var reportedNanoseconds: Int64 {
      if case .processes(let list) = self { return list.tookNanoseconds }
      return 0
    }
  }

  /// The time of the view's clock after the last answer, in nanoseconds.
  package var time: Int64
  package var program: ProgramDescription?
  package var runtime: RuntimeDescription
  /// The answer to the detail; nil if none was asked for.
  package var content: Content?
  package var timings: [TopQuestion.Timing]

  /// Creates an answer.
  package init(
    time: Int64,
    program: ProgramDescription?,
    runtime: RuntimeDescription,
    content: Content?,
    timings: [TopQuestion.Timing]
  ) {
    self.time = time
    self.program = program
    self.runtime = runtime
    self.content = content
    self.timings = timings
  }
}
