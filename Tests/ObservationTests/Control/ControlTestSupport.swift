// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the control socket share: folders of their own, a gate for questions, and many threads at once.

import Foundation
import JoistObservation
import Synchronization

/// A folder for sockets, which is removed with its last reference.
final class SocketFolder: Sendable {
  let path: String

  init(rights: Int = 0o700) throws {
    path = "/tmp/joist-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    try FileManager.default.createDirectory(
      atPath: path,
      withIntermediateDirectories: false,
      attributes: [.posixPermissions: rights]
    )
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }

  /// The rights of a file as `chmod` takes them.
  static func rights(of path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? -1
  }

  /// Opens a server in the folder.
  func serve(
    _ inspector: any ProgramInspector = MadeUpInspector(),
    name: String? = "made-up",
    allowControl: Bool = false,
    limits: ControlLimits = ControlLimits()
  ) throws -> ControlServer {
    try ControlServer.open(inspector, name: name, directory: path, allowControl: allowControl, limits: limits)
  }
}

/// A gate at which questions wait until the test opens it.
final class QuestionGate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  private let arrivals = Mutex(0)

  /// The number of questions that have come to the gate.
  var arrived: Int { arrivals.withLock(\.self) }

  /// Waits until the gate is open, at most a minute.
  func pass() {
    arrivals.withLock { $0 += 1 }
    _ = semaphore.wait(timeout: .now() + 60)
    semaphore.signal()
  }

  func open() { semaphore.signal() }
}

/// Calls that run on threads of their own.
final class ThreadCalls<Result: Sendable>: Sendable {
  private let results = Mutex<[Int: Result]>([:])
  private let group = DispatchGroup()

  init(_ count: Int = 1, _ body: @escaping @Sendable (Int) -> Result) {
    for index in 0..<count {
      group.enter()
      Thread.detachNewThread { [self] in
        let result = body(index)
        results.withLock { $0[index] = result }
        group.leave()
      }
    }
  }

  var finished: Int { results.withLock(\.count) }

  /// Waits for at most a minute; returns the results of the calls that have returned, in order.
  func wait() -> [Result] {
    _ = group.wait(timeout: .now() + 60)
    return results.withLock { results in results.sorted { $0.key < $1.key }.map(\.value) }
  }
}

/// The line of the error that an action throws; nil if it throws none.
func line(_ action: () throws -> Void) -> String? {
  do {
    try action()
    return nil
  } catch {
    return "\(error)"
  }
}
