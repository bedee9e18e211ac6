// SPDX-License-Identifier: Apache-2.0
//
// The Swift compiler as a child, with the Joist that was built for these tests.

import Foundation

/// Compiles programs and says what the compiler had to say.
enum Compiler {
  /// How a compilation ended.
  struct Outcome: Equatable {
    let status: Int32
    /// One line for each, then its excerpt and notes.
    let diagnostics: String

    /// The lines that report errors, not notes or excerpts.
    var errors: [Substring] {
      diagnostics.split(separator: "\n").filter { $0.contains(": error: ") }
    }
  }

  /// Why programs cannot be compiled here; nil if they can.
  static let obstacle: String? = {
    guard path != nil else { return "there is no swiftc on the path" }
    guard build != nil else { return "the modules are not beside the tests" }
    guard let program = Program.all(in: "Accepted").first else { return nil }
    guard let outcome = try? compile(program.path) else { return "the compiler cannot be run" }
    let external = ["created for incompatible target", "module compiled with Swift"]
    return external.contains(where: outcome.diagnostics.contains) ? "the compiler is not the one that built Joist" : nil
  }()

  /// The compiler.
  private static let path: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/swiftc" }.first(where: FileManager.default.isExecutableFile)

  /// The folder of the build that these tests are of.
  ///
  /// Not all runners give the tests' place as the first argument.
  private static let build: String? = CommandLine.arguments.lazy.compactMap { argument in
    var folder = URL(fileURLWithPath: argument).resolvingSymlinksInPath()
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let parts = [modules(of: folder.path) + "/Joist.swiftmodule", map(of: folder.path)]
      if parts.allSatisfy(FileManager.default.fileExists) { return folder.path }
    }
    return nil
  }.first

  private static func modules(of build: String) -> String { build + "/Modules" }
  private static func map(of build: String) -> String { build + "/CJoist.build/module.modulemap" }

  /// What makes the compiler expand Joist's macros.
  static let macros = build.map { ["-load-plugin-executable", "\($0)/JoistMacrosPlugin-tool#JoistMacrosPlugin"] } ?? []

  /// Compiles one file, as far as the checks go: types, then regions.
  ///
  /// Waits for the compiler. Modules that it has to build are kept in a cache of these tests' own.
  static func compile(_ file: String, options: [String] = []) throws -> Outcome {
    guard let path, let build else { throw CocoaError(.fileNoSuchFile) }
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments =
      ["-swift-version", "6", "-emit-sil", "-o", "/dev/null", "-diagnostic-style", "llvm"]
      + ["-I", modules(of: build), "-Xcc", "-fmodule-map-file=" + map(of: build)]
      + ["-module-cache-path", build + "/CompileTests.cache"] + options + [file]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = pipe
    try process.run()
    let diagnostics = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(status: process.terminationStatus, diagnostics: String(decoding: diagnostics, as: UTF8.self))
  }
}
