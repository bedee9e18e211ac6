// SPDX-License-Identifier: Apache-2.0

import JoistObservation
import Testing

/// Tests of the pace of questions, and of a program that fails or vanishes.
struct TopSessionTests {
  @Test("O2: the program is asked once in each interval")
  func interval() throws {
    var driver = try TopDriver()
    let count = driver.questions.count
    try driver.pass(seconds: 10)
    #expect((9...11).contains(driver.questions.count - count))
    #expect(driver.questions.dropFirst().allSatisfy { !$0.asksProgram })
  }

  @Test("O2: the interval is stretched so that answers take at most one percent of a core, and shrinks again")
  func stretching() throws {
    var settings = MadeUpProgram.Settings()
    settings.tookNanoseconds = 50_000_000
    var driver = try TopDriver(settings)
    driver.questions = []
    try driver.pass(seconds: 100)
    let lists = driver.questions.count { $0.detail != nil }
    #expect(lists >= 10)
    #expect(Double(lists) * 0.05 <= 100 * TopPace.share)
    // The header stays fresh meanwhile.
    #expect(driver.questions.count >= 95)
    #expect(driver.screen().contains { $0.hasPrefix("the rows are asked for every 6.25 s") })
    driver.program.change { $0.tookNanoseconds = 1_000 }
    try driver.pass(seconds: 20)
    #expect(driver.session.pace.detailInterval == driver.session.pace.chosen)
  }

  @Test("O2: keys are answered at once, and yet a person who keeps pressing them cannot exceed the share for long")
  func impatience() throws {
    var settings = MadeUpProgram.Settings()
    settings.tookNanoseconds = 50_000_000
    var driver = try TopDriver(settings)
    let first = driver.program.calls.count
    try driver.type("m")
    #expect(driver.program.calls.count == first + 1)
    for _ in 0..<400 {
      try driver.type(">")
      try driver.pass(seconds: 0.25)
    }
    let spent = Double(driver.program.calls.count) * 0.05
    #expect(spent <= 101 * TopPace.share + Double(TopPace.maxCredit) / 1e9 + 0.05)
  }

  @Test("O2: a round trip that was long once, as on a busy machine, does not stretch the interval for long")
  func busyMachine() {
    var pace = TopPace(chosen: 1_000_000_000)
    var now: Int64 = 0
    for roundTrip: Int64 in [2_000_000, 90_000_000, 2_000_000] {
      now += 1_000_000_000
      pace.book([.init(part: .runtime, roundTrip: 1_000), .init(part: .processes, roundTrip: roundTrip)], at: now)
      #expect(pace.detailInterval == 1_000_000_000)
    }
    pace.book([.init(part: .processes, roundTrip: 1, reported: 80_000_000)], at: now + 1)
    #expect(pace.detailInterval == 10_000_000_000)
  }

  @Test("O2: a program that vanishes ends the view with the one line of its error")
  func vanished() throws {
    var driver = try TopDriver()
    driver.program.change { $0.isGone = true }
    let error = #expect(throws: InspectionError.self) { try driver.pass(seconds: 2) }
    #expect(error?.description == "the program has ended")
  }

  @Test("O2: a question that the program refuses is named in the last line, and the view goes on")
  func refused() throws {
    var settings = MadeUpProgram.Settings()
    settings.refusesTree = true
    var driver = try TopDriver(settings)
    try driver.type("t")
    #expect(driver.screen().last == "the tree cannot be read now: ask again")
    try driver.press(.escape)
    #expect(driver.rows().count >= 10)
  }

  @Test("O2: the answer for a page that was left does not appear on the page of another process")
  func latePage() throws {
    var driver = try TopDriver()
    try driver.pass(seconds: 1.5)
    _ = driver.session.handle(.enter)
    let next = driver.session.nextQuestion(now: driver.now)
    let question = try #require(next)
    let answer = try question.ask(driver.program) { driver.now }
    _ = driver.session.handle(.escape)
    _ = driver.session.handle(.down)
    _ = driver.session.handle(.enter)
    driver.session.take(answer)
    #expect(driver.session.state.view == .process("#1.2"))
    #expect(driver.session.model.page == nil)
    try driver.pass(seconds: 0.1)
    #expect(driver.session.model.page?.process.id == "#1.2")
  }
}
