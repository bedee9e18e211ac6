// SPDX-License-Identifier: Apache-2.0
//
// Servers, supervisors, registries and tasks, as a user writes them.

import Joist
import JoistSupervision

struct Store: Server {
  enum Message {
    case put(String, Int)
    case get(String, ReplyTo<Int?>)
  }
  private var values: [String: Int] = [:]

  mutating func handle(_ message: sending Message, in process: ProcessContext<Message>) {
    switch message {
    case .put(let key, let value): values[key] = value
    case .get(let key, let reply): reply.send(values[key])
    }
  }
}

func supervise(_ runtime: ProcessRuntime, clocks: Int, isLarge: Bool) throws {
  let top = try Supervisor(.restForOne, intensity: 5, within: .seconds(10)) {
    Child("store", options: .init(name: "store"), server: { Store() })
    for number in 0..<clocks {
      Child("clock \(number)", Never.self, restart: .transient) { try $0.sleep(for: .seconds(1)) }
    }
    if isLarge { Child("workers", supervisor: DynamicSupervisor(maximum: 100)) }
    Child("below", supervisor: Supervisor(.oneForOne) { Child("store", server: { Store() }) })
  }.start(on: runtime)
  let children = try top.callBlocking { .children($0) }
  try top.callBlocking { .terminateChild("store", $0) }.get()
  _ = try top.callBlocking { .restartChild("store", $0) }.get().ref(as: Store.Message.self)
  _ = children.last?.ref(as: Supervisor.Message.self)
}

func work(_ process: ProcessContext<Int>, _ tasks: TaskSupervisor) throws -> [Int] {
  let sum = tasks.async { _ in (1...1_000).reduce(0, +) }
  let squares = try tasks.map(1...10, maximum: 4, in: process) { number, _ in number * number }
  return squares + [try process.await(sum, timeout: .seconds(1))]
}

@MainActor func show(_ top: SupervisorRef, _ task: ProcessTask<Int>) async throws -> Int {
  let count = try await top.call { .count($0) }
  return count.running + (try await task.value())
}

func find(_ rooms: Registry<Int, Store.Message>, _ ref: ProcessRef<Store.Message>) throws {
  try rooms.register(ref, as: 1)
  rooms.lookup(1)?.send(.put("a", 1))
  rooms.dispatch(to: 1) { .put("b", 2) }
}

func start(_ runtime: ProcessRuntime, _ process: ProcessContext<Int>) throws {
  Store.start(Store(), on: runtime).send(.put("a", 1))
  Store.start(Store(), from: process).send(.put("b", 2))
  Store.start(.init(), linkedTo: process, options: .init(name: "store")).send(.put("c", 3))
  try Supervisor(.oneForOne) {}.start(linkedTo: process)
  try DynamicSupervisor().start(linkedTo: process)
  _ = [try TaskSupervisor.start(on: runtime), try TaskSupervisor.start(linkedTo: process)]
  let rooms: Registry<Int, Store.Message> = try .start(on: runtime, keys: .duplicate)
  _ = try Registry<String, Int>.start(on: runtime).count + rooms.count
}
