// SPDX-License-Identifier: Apache-2.0
//
// The examples of the documentation, as one program: `swift run Snippets NAME` runs one, and without a name lists all.
// A test runs each and compares its output with the comments that begin with "prints".

import Foundation
import Joist

/// The examples; each is a function that gets a runtime, which is shut down after it.
enum Snippets {
  typealias Body = (ProcessRuntime) async throws -> Void

  static var all: [String: Body] {
    let processes: [String: Body] = [
      "process": process, "options": options, "taskLocals": taskLocals, "children": children,
      "ending": ending, "computing": computing, "blocking": blocking, "suspending": suspending, "snapshot": snapshot,
      "hibernating": hibernating, "runtimes": runtimes,
    ]
    let messages: [String: Body] = [
      "counter": counter, "asking": asking, "bridging": bridging, "mainActor": mainActor, "timeout": timeout,
      "failedCall": failedCall, "selecting": selecting, "looking": looking, "urgent": urgent, "bounded": bounded,
      "deadLetter": deadLetter, "graphs": graphs, "disconnected": disconnected, "moving": moving,
    ]
    let failures: [String: Body] = [
      "crash": crash, "trapDetails": trapDetails, "monitor": monitor, "link": link, "trapExits": trapExits,
      "reports": reports, "containment": containment,
    ]
    let waiting: [String: Body] = [
      "timers": timers, "ticking": ticking, "names": names, "typedNames": typedNames, "group": group,
      "errorNumber": errorNumber, "descriptors": descriptors, "lock": lock, "semaphore": semaphore, "barrier": barrier,
      "channel": channel, "once": once,
    ]
    var heaps: [String: Body] = [
      "heap": heap, "heapArrays": heapArrays, "heapCopies": heapCopies, "heapStates": heapStates,
    ]
    #if Macros
      heaps["macro"] = macro
    #endif
    let supervision: [String: Body] = [
      "server": server, "starting": starting, "supervisor": supervisor, "requests": requests, "restart": restart,
      "backoff": backoff, "dynamic": dynamic, "serverLife": serverLife, "registry": registry, "table": table,
      "tasks": tasks, "failedTask": failedTask, "awaiting": awaiting, "smallServer": smallServer, "machine": machine,
      "startedServer": startedServer,
    ]
    let observing: [String: Body] = [
      "statistics": statistics, "growth": growth, "trapEvents": trapEvents, "traceToken": traceToken,
      "brokenDeadlock": brokenDeadlock, "controlSocket": controlSocket, "dumpOnQuit": dumpOnQuit,
      "containedTask": containedTask, "awaitingTask": awaitingTask, "messageStream": messageStream,
      "recovery": recovery,
    ]
    return [processes, messages, failures, waiting, heaps, supervision, observing].reduce(into: [:]) { all, some in
      all.merge(some) { first, _ in first }
    }
  }

  /// Runs an example on a runtime of its own, and waits until that is idle.
  static func run(_ body: Body) async throws {
    let runtime = try ProcessRuntime()
    try await body(runtime)
    await runtime.waitUntilIdle()
    await runtime.shutdown()
  }
}

guard CommandLine.arguments.count > 1 else {
  for name in Snippets.all.keys.sorted() { print(name) }
  exit(0)
}
for name in CommandLine.arguments.dropFirst() {
  guard let body = Snippets.all[name] else {
    FileHandle.standardError.write(Data("Snippets: there is no example \(name); run it without a name\n".utf8))
    exit(64)
  }
  try await Snippets.run(body)
}
