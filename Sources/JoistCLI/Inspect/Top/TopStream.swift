// SPDX-License-Identifier: Apache-2.0
//
// The view without a full screen: one frame as text, or JSON lines. The pace is kept as in the full screen.

import Foundation
import JoistObservation

/// Writes refreshes to the standard output.
struct TopStream {
  /// The columns of a frame in a pipe, unless `COLUMNS` says another number: room for all columns of the table.
  private static let pipeColumns = 140
  /// The lines of a frame besides the rows: header, schedulers and histograms of the largest screen.
  private static let otherLines = 40

  let inspector: any ProgramInspector
  let state: TopState
  let limit: Int

  /// Writes one frame with the rates of one interval.
  func writeFrame() throws {
    var model = TopModel()
    var pace = TopPace(chosen: state.interval)
    for isLast in [false, true] {
      let answer = try ask(asksProgram: !isLast)
      model.apply(answer)
      pace.book(answer.timings, at: answer.time)
      if !isLast { wait(pace) }
    }
    let screen = TopScreen(model: model, state: state, pace: pace, size: size)
    try StandardOutput.write(screen.report(rows: limit))
  }

  /// Writes a JSON object for each refresh, until the program vanishes.
  func writeJSON() throws {
    let program = try inspector.program()
    var pace = TopPace(chosen: state.interval)
    while true {
      let answer = try ask(asksProgram: false)
      pace.book(answer.timings, at: answer.time)
      if case .processes(let list) = answer.content {
        try StandardOutput.writeJSON(TopReport(program: program, runtime: answer.runtime, processes: list))
      }
      wait(pace)
    }
  }

  private func ask(asksProgram: Bool) throws -> TopAnswer {
    let detail = TopQuestion.Detail.processes(by: state.figure, sinceLast: state.byGrowth, limit: limit)
    let answer = try TopQuestion(detail, asksProgram: asksProgram).ask(inspector) { TopEvents.now }
    if case .refused(let reason) = answer.content { throw InspectionError(reason) }
    return answer
  }

  private func wait(_ pace: TopPace) {
    let now = TopEvents.now
    Thread.sleep(forTimeInterval: Double(max(0, pace.nextDetail(isUrgent: false, now: now) - now)) / 1e9)
  }

  private var size: ScreenSize {
    let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
    guard StandardOutput.isTerminal else {
      return ScreenSize(columns: columns ?? Self.pipeColumns, lines: limit + Self.otherLines)
    }
    return ScreenSize(columns: Terminal.size.columns, lines: limit + Self.otherLines)
  }
}
