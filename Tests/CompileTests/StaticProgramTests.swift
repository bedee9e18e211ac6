// SPDX-License-Identifier: Apache-2.0
//
// A program that has Swift's runtime linked in (`-static-stdlib`), where Joist finds Swift's functions in the program.
// Only debug builds: the objects of an optimized build cannot be linked alone.

#if DEBUG
  import Foundation
  import Testing

  @Suite struct StaticProgramTests {
    @Test(CompileTests.canCompile)
    func `A1: crashes of tasks are contained in a program that has Swift's runtime linked in`() throws {
      let program = try #require(Program.all(in: "Static").first)
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("joist-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let path = folder.appendingPathComponent("program").path
      let modules = ["CJoist", "Joist", "JoistConcurrency"]
      let outcome = try Compiler.link(program.path, with: modules, to: path, options: ["-static-stdlib"])
      try #require(outcome.status == 0, "\(outcome.diagnostics)")
      let process = Process()
      let pipe = Pipe()
      process.executableURL = URL(fileURLWithPath: path)
      process.standardOutput = pipe
      process.standardError = FileHandle.nullDevice
      try process.run()
      let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      #expect(text.split(separator: "\n") == ["7", "true", "true", "true", "overflow", "true", "8"])
    }
  }
#endif
