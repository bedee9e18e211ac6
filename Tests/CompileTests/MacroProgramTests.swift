// SPDX-License-Identifier: Apache-2.0
//
// The code that macros write and the programs that they reject, compiled with the plug-in that users get.

#if Macros
  import Foundation
  import Testing

  @Suite(.serialized) struct MacroProgramTests {
    @Test(CompileTests.canCompile, arguments: Program.all(in: "Macros/Expanded"))
    func `P4: the macro writes what a programmer would`(program: Program) throws {
      let options = ["-Xfrontend", "-dump-macro-expansions"] + Compiler.macros
      let outcome = try Compiler.compile(program.path, options: options)
      let expected = try String(contentsOfFile: program.path.replacing(".swift", with: ".expansion"), encoding: .utf8)
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.diagnostics)")
      #expect(expansions(in: outcome.diagnostics) == expected)
    }

    @Test(CompileTests.canCompile, arguments: Program.all(in: "Macros/Refused"))
    func `P4: the macro omits nothing: it rejects what it cannot visit`(program: Program) throws {
      let fault = program.faultIfRejected(
        try Compiler.compile(program.path, options: program.options + Compiler.macros)
      )
      if let fault { Issue.record("\(fault)") }
    }

    @Test func `programs with macros are found`() {
      #expect(!Program.all(in: "Macros/Expanded").isEmpty)
      #expect(!Program.all(in: "Macros/Refused").isEmpty)
    }

    /// Returns the expansions in a dump, which are between lines of dashes, without empty ones.
    private func expansions(in dump: String) -> String {
      let parts = dump.split(separator: String(repeating: "-", count: 30) + "\n", omittingEmptySubsequences: false)
      let texts = parts.enumerated().filter { $0.offset % 2 == 1 }.map { $0.element.trimmingPrefix("\n") }
      return texts.filter { !$0.isEmpty }.joined(separator: "\n")
    }
  }
#endif
