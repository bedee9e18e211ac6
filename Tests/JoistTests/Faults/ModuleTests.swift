// SPDX-License-Identifier: Apache-2.0
//
// Stack overflows in a shared library. In a library without Swift code, the call finishes before its process ends. The
// library may be loaded before or after the runtime is made.

import Foundation
import Joist
import TestSupport
import Testing

/// Shared libraries that are compiled for a test.
private enum Built {
  /// A C library with a function that holds a lock while it uses a large frame.
  static let c = """
    #include <pthread.h>
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static __attribute__((noinline)) long fill(long depth) {
      volatile char frame[4000];
      for (int i = 0; i < 4000; i++) frame[i] = (char)depth;
      return frame[0];
    }
    long built_use(long depth) {
      pthread_mutex_lock(&lock);
      long filled = fill(depth);
      pthread_mutex_unlock(&lock);
      return filled;
    }
    long built_is_free(long unused) {
      if (pthread_mutex_trylock(&lock) != 0) return 0;
      pthread_mutex_unlock(&lock);
      return 1 + 0 * unused;
    }
    """
  /// A Swift library with a function that calls itself forever.
  static let swift = """
    @inline(never) func next(_ depth: Int) -> Int { depth < 0 ? 0 : descend(depth &+ 1) &* 3 }
    @inline(never) @_cdecl("built_descend") public func descend(_ depth: Int) -> Int { next(depth) ^ depth }
    """

  static func compiler(_ name: String) -> String? {
    // Under emulation, the host's compilers make libraries that this program cannot load.
    #if arch(arm64)
      return nil
    #else
      (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
        .first(where: FileManager.default.isExecutableFile)
    #endif
  }

  /// Compiles `source`, waits for the compiler, and returns the path of the library.
  static func library(_ source: String, _ name: String, _ options: [String]) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("joist-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let file = folder + (name == "clang" ? "/built.c" : "/built.swift")
    try source.write(toFile: file, atomically: true, encoding: .utf8)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(compiler(name)))
    process.arguments = options + [file, "-o", folder + "/built.so"]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return folder + "/built.so"
  }

  /// A function of a loaded library.
  struct Function: @unchecked Sendable {
    private let call: @convention(c) (Int) -> Int

    init(_ name: String, in path: String) throws {
      let library = try #require(dlopen(path, RTLD_NOW))
      call = unsafeBitCast(try #require(dlsym(library, name)), to: (@convention(c) (Int) -> Int).self)
    }

    func callAsFunction(_ number: Int) -> Int { call(number) }
  }
}

@inline(never)
private func descend(_ use: Built.Function, _ depth: Int) -> Int {
  if depth == .max { return 0 }
  let used = use(depth)
  return unknown(descend(use, depth + 1)) + used
}

#if os(Linux)
  @Suite(.timeLimit(.minutes(15))) struct ModuleTests {
    @Test(.enabled(if: Built.compiler("clang") != nil))
    func `P5: a C call whose stack overflows still finishes, even in a library loaded after the runtime`() async {
      await #expect(processExitsWith: .success) {
        let runtime = try ProcessRuntime(.init(schedulers: 1))
        let path = try Built.library(Built.c, "clang", ["-shared", "-fPIC", "-O1"])
        let (use, isFree) = (try Built.Function("built_use", in: path), try Built.Function("built_is_free", in: path))
        for number in 1...5 {
          runtime.spawn { process in
            // Each overflow happens at a different point of the call.
            print(probeTake(number * 700) { descend(use, 0) })
          }
          await runtime.waitUntilIdle()
          precondition(isFree(0) == 1, "the library's lock was left locked")
        }
        precondition(runtime.statistics.overflowsContained == 5)
      }
    }

    @Test(.enabled(if: Built.compiler("swiftc") != nil))
    func `P5: an overflow in a Swift library is contained like the program's own, even if loaded later`() async {
      await #expect(processExitsWith: .success) {
        let runtime = try ProcessRuntime(.init(schedulers: 1))
        let path = try Built.library(Built.swift, "swiftc", ["-emit-library", "-Onone", "-module-name", "Built"])
        let call = try Built.Function("built_descend", in: path)
        for _ in 1...3 {
          runtime.spawn { _ in print(call(0)) }
          await runtime.waitUntilIdle()
        }
        precondition(runtime.statistics.overflowsContained == 3)
      }
    }
  }

  /// Calls `body` after using up `bytes` bytes of the stack.
  @inline(never)
  private func probeTake(_ bytes: Int, _ body: () -> Int) -> Int {
    withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 8) { memory in
      memory.initializeMemory(as: UInt8.self, repeating: 0)
      return body() + Int(memory[0])
    }
  }
#endif
