// SPDX-License-Identifier: Apache-2.0
//
// The Swift compiler as a child process, with the build of Joist that belongs to these tests.

import Foundation

/// Compiles programs and returns the diagnostics of the compiler.
enum Compiler {
  /// The result of a compilation.
  struct Outcome: Equatable {
    let status: Int32
    /// One line for each diagnostic, followed by its excerpt and notes.
    let diagnostics: String

    /// The lines that report errors, not notes or excerpts.
    var errors: [Substring] {
      diagnostics.split(separator: "\n").filter { $0.contains(": error: ") }
    }
  }

  /// The reason why programs cannot be compiled here; nil if they can.
  static let obstacle: String? = {
    guard path != nil else { return "there is no swiftc on the path" }
    guard build != nil else { return "the modules are not beside the tests" }
    guard let program = Program.all(in: "Accepted").first else { return nil }
    guard let outcome = try? compile(program.path) else { return "the compiler cannot be run" }
    let external = ["created for incompatible target", "module compiled with Swift"]
    return external.contains(where: outcome.diagnostics.contains) ? "the compiler is not the one that built Joist" : nil
  }()

  /// The path of the compiler.
  private static let path: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/swiftc" }.first(where: FileManager.default.isExecutableFile)

  /// The folder of the build that these tests belong to.
  ///
  /// It is found from the arguments of the test program: not every runner passes the path of the tests as the first.
  private static let build: String? = CommandLine.arguments.lazy.compactMap { argument in
    var folder = URL(fileURLWithPath: argument).resolvingSymlinksInPath()
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let parts = [modules(of: folder.path) + "/Joist.swiftmodule", folder.path + "/CJoist.build/module.modulemap"]
      if parts.allSatisfy(FileManager.default.fileExists) { return folder.path }
    }
    return nil
  }.first

  private static func modules(of build: String) -> String { build + "/Modules" }
  /// The maps of the C modules: those that the build has made, and those of the packages that it was built with.
  private static func maps(of build: String) -> [String] {
    let made = folders(in: build).filter { $0.hasSuffix(".build") }.map { "\(build)/\($0)/module.modulemap" }
    let checkouts =
      URL(fileURLWithPath: build).deletingLastPathComponent().deletingLastPathComponent().path + "/checkouts"
    let own = folders(in: checkouts).flatMap { package in
      folders(in: "\(checkouts)/\(package)/Sources").map {
        "\(checkouts)/\(package)/Sources/\($0)/include/module.modulemap"
      }
    }
    return (made + own).filter(FileManager.default.fileExists)
  }

  private static func folders(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// The options with which the compiler expands Joist's macros.
  static let macros = build.map { ["-load-plugin-executable", "\($0)/JoistMacrosPlugin-tool#JoistMacrosPlugin"] } ?? []

  /// Compiles one file up to the checks of types and regions, and waits for the compiler.
  static func compile(_ file: String, options: [String] = []) throws -> Outcome {
    try run(["-emit-sil", "-o", "/dev/null"] + options + [file])
  }

  /// Makes a program of one file and the objects of some of Joist's modules, and waits for the compiler.
  static func link(_ file: String, with modules: [String], to path: String, options: [String]) throws -> Outcome {
    let folders = modules.compactMap { module in build.map { "\($0)/\(module).build" } }
    let objects = folders.flatMap { folder in
      (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []).filter {
        $0.hasSuffix(".o")
      }.sorted().map { "\(folder)/\($0)" }
    }
    return try run(options + ["-parse-as-library", "-o", path, file] + objects)
  }

  /// Runs the compiler, which keeps the modules that it has to build in a cache for these tests only.
  private static func run(_ arguments: [String]) throws -> Outcome {
    guard let path, let build else { throw CocoaError(.fileNoSuchFile) }
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    var settings = ["-swift-version", "6", "-diagnostic-style", "llvm"]
    settings += ["-I", modules(of: build), "-module-cache-path", build + "/CompileTests.cache"]
    for map in maps(of: build) { settings += ["-Xcc", "-fmodule-map-file=" + map] }
    process.arguments = settings + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = pipe
    try process.run()
    let diagnostics = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(status: process.terminationStatus, diagnostics: String(decoding: diagnostics, as: UTF8.self))
  }
}
