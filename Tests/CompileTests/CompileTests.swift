// SPDX-License-Identifier: Apache-2.0
//
// Programs that the compiler must accept or reject, compiled against the module that users get.
//
// One compiler runs at a time.

import Testing

@Suite(.serialized) struct CompileTests {
  static let canCompile = ConditionTrait.enabled(
    if: Compiler.obstacle == nil,
    "needs the compiler that built Joist on the path, and Joist's modules beside the tests"
  )

  @Test(canCompile, arguments: Program.all(in: "Accepted"))
  func `M1, M3: correct programs compile without a diagnostic`(program: Program) throws {
    let fault = program.faultIfAccepted(try Compiler.compile(program.path, options: program.options))
    if let fault { Issue.record("\(fault)") }
  }

  @Test(canCompile, arguments: Program.all(in: "Rejected"))
  func `P5, M1: programs that share or keep what they sent are rejected`(program: Program) throws {
    let fault = program.faultIfRejected(try Compiler.compile(program.path, options: program.options))
    if let fault { Issue.record("\(fault)") }
  }

  @Test func `the programs are found, and each that must be rejected says why`() {
    #expect(!Program.all(in: "Accepted").isEmpty)
    #expect(!Program.all(in: "Rejected").isEmpty)
    #expect(Program.all(in: "Accepted").allSatisfy { $0.errors.isEmpty })
    #expect(Program.all(in: "Rejected").allSatisfy { !$0.errors.isEmpty })
  }

  @Test func `the checker sees a program that compiles but should not`() {
    let program = Program(path: "a", text: "// error: no\n")
    #expect(program.faultIfRejected(outcome(0)) != nil)
    #expect(program.faultIfRejected(outcome(1, "a.swift:1:1: error: no, never")) == nil)
    #expect(program.faultIfRejected(outcome(1, "a.swift:1:1: error: maybe")) != nil)
    #expect(program.faultIfRejected(outcome(1, "a.swift:1:1: note: no")) != nil)
    #expect(program.faultIfRejected(outcome(1, "a.swift:1:1: error: no\na.swift:2:1: error: no")) != nil)
    let two = Program(path: "a", text: "// error: no\n// error: never\n")
    #expect(two.faultIfRejected(outcome(1, "a.swift:1:1: error: no\na.swift:2:1: error: never")) == nil)
    #expect(two.faultIfRejected(outcome(1, "a.swift:1:1: error: no")) != nil)
    #expect(Program(path: "a", text: "").faultIfRejected(outcome(1, "a.swift:1:1: error: no")) != nil)
    let mended = Program(path: "a", text: "// error: no\n// remedy: yes\n")
    #expect(mended.faultIfRejected(outcome(1, "a.swift:1:1: error: no\na.swift:1:1: note: yes, please")) == nil)
    #expect(mended.faultIfRejected(outcome(1, "a.swift:1:1: error: no\na.swift:1:1: note: no")) != nil)
  }

  @Test func `the checker sees a program that should compile but does not`() {
    let program = Program(path: "a", text: "// options: -a -b\n")
    #expect(program.options == ["-a", "-b"])
    #expect(program.faultIfAccepted(outcome(0)) == nil)
    #expect(program.faultIfAccepted(outcome(0, "a.swift:1:1: warning: maybe")) != nil)
    #expect(program.faultIfAccepted(outcome(1)) != nil)
  }

  private func outcome(_ status: Int32, _ diagnostics: String = "") -> Compiler.Outcome {
    Compiler.Outcome(status: status, diagnostics: diagnostics)
  }
}
