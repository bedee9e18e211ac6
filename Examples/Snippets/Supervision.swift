// SPDX-License-Identifier: Apache-2.0
//
// Examples of servers, supervisors, registries and tasks.

import Joist
import JoistSupervision

struct Store: Server {
  enum Message {
    case put(String, Int)
    case get(String, ReplyTo<Int?>)
  }
  private var values: [String: Int] = [:]

  mutating func handle(
    _ message: sending Message,
    in process: ProcessContext<Message>
  ) {
    switch message {
    case .put(let key, let value): values[key] = value
    case .get(let key, let reply): reply.send(values[key])
    }
  }
}

extension Snippets {
  static func server(_ runtime: ProcessRuntime) throws {
    let store = Store.start(Store(), on: runtime)
    store.send(.put("a", 1))
    print(try store.callBlocking { .get("a", $0) } ?? 0)  // prints 1
  }

  static func starting(_ runtime: ProcessRuntime) throws {
    let store = Store.start(Store(), on: runtime)
    let tasks = try TaskSupervisor.start(on: runtime)
    let rooms = try Registry<Int, Store.Message>.start(on: runtime)
    print(store.isAlive, tasks.isAlive, rooms.count)  // prints true true 0
  }

  static func requests(_ runtime: ProcessRuntime) throws {
    let top = try Supervisor(.oneForOne) {
      Child("clock", Never.self) { process in try process.sleep(for: .seconds(60)) }
      Child("workers", supervisor: DynamicSupervisor())
    }.start(on: runtime)

    let children = try top.callBlocking { .children($0) }
    try top.callBlocking { .terminateChild("clock", $0) }.get()
    let clock = try top.callBlocking { .restartChild("clock", $0) }.get()
    let workers = children.last?.ref(as: Supervisor.Message.self)
    print(clock.state, workers?.isAlive ?? false)  // prints running true
    top.exit()
  }

  static func supervisor(_ runtime: ProcessRuntime) throws {
    let top = try Supervisor(.oneForOne, intensity: 3, within: .seconds(5)) {
      Child("store", options: .init(name: "store"), server: { Store() })
      Child("clock", Never.self, restart: .transient) { process in
        try process.sleep(for: .seconds(1))
      }
      Child("workers", supervisor: DynamicSupervisor(maximum: 100))
    }.start(on: runtime)

    let children = try top.callBlocking { .children($0) }
    print(children.map(\.name))  // prints ["store", "clock", "workers"]
    try top.callBlocking { .terminateChild("clock", $0) }.get()
    print(try top.callBlocking { .count($0) }.running)  // prints 2
    top.exit()
  }

  static func restart(_ runtime: ProcessRuntime) throws {
    let top = try Supervisor(.oneForOne) {
      Child("store", options: .init(name: "store"), server: { Store() })
    }.start(on: runtime)
    runtime.spawn { process in
      let first = try process.lookup("store", as: Store.Message.self)
      first?.exit(.killed)
      try process.sleep(for: .milliseconds(200))
      let second = try process.lookup("store", as: Store.Message.self)
      print(first != second, second?.isAlive ?? false)  // prints true true
      let info = try process.call(top) { .children($0) }
      print("restarts:", info[0].restarts)  // prints restarts: 1
    }
  }

  static func backoff(_ runtime: ProcessRuntime) throws {
    let delays = Backoff.exponential(from: .seconds(1), to: .seconds(30))
    let top = try Supervisor(.oneForOne, intensity: 5, within: .seconds(60), backoff: delays) {
      Child("link", Never.self) { _ in try connect() }
    }.start(on: runtime)
    runtime.spawn { process in
      try process.sleep(for: .milliseconds(100))
      let link = try process.call(top) { .children($0) }[0]
      if case .restarting(_, let attempt) = link.state { print("waits for attempt", attempt) }
      // prints waits for attempt 1
      top.exit()
    }
  }

  static func dynamic(_ runtime: ProcessRuntime) throws {
    let sessions = try DynamicSupervisor(maximum: 1_000).start(on: runtime)
    runtime.spawn { process in
      let child = Child("session", String.self, restart: .temporary) { session in
        print("session got", try session.receive())
      }
      let info = try process.call(sessions) { .startChild(child, $0) }.get()
      info.ref(as: String.self)?.send("hello")  // prints session got hello
    }
  }

  static func serverLife(_ runtime: ProcessRuntime) {
    struct Cache: Server {
      enum Message { case put(Int) }
      private var values: [Int] = []
      var idleTimeout: Duration? { .milliseconds(100) }

      mutating func start(in process: ProcessContext<Message>) { print("starts") }  // prints starts
      mutating func handle(_ message: sending Message, in process: ProcessContext<Message>) {
        if case .put(let value) = message { values.append(value) }
      }
      mutating func handleTimeout(in process: ProcessContext<Message>) throws {
        print("idle with", values)  // prints idle with [1]
        try process.exit()
      }
      mutating func terminate(_ reason: ExitReason, in process: ProcessContext<Message>) {
        print("ends:", reason)  // prints ends: normal
      }
    }

    Cache.start(Cache(), on: runtime).send(.put(1))
  }

  static func machine(_ runtime: ProcessRuntime) {
    struct Door: StateMachine {
      enum State { case locked, unlocked, open }
      enum Message {
        case code(Int)
        case push, close
      }

      func start(in process: ProcessContext<Message>) -> State { .locked }

      static func postpones(_ message: Message, in state: State) -> Bool {
        if case .push = message { state == .locked } else { false }
      }
      func handle(_ message: sending Message, in state: State, _ process: ProcessContext<Message>) -> State {
        switch (state, message) {
        case (.locked, .code(1234)): .unlocked
        case (.unlocked, .push): .open
        case (.open, .close): .unlocked
        default: state
        }
      }
      func timeout(of state: State) -> Duration? { state == .unlocked ? .milliseconds(100) : nil }
      func handleTimeout(in state: State, _ process: ProcessContext<Message>) -> State { .locked }
      func enter(_ state: State, from previous: State?, in process: ProcessContext<Message>) throws {
        print("the door is", state)
        if state == .locked && previous == .unlocked { try process.exit() }
      }
    }

    let door = Door.start(machine: Door(), on: runtime)
    door.send(.push)  // Waits until the door is unlocked.
    door.send(.code(1234))
    door.send(.close)
    // prints the door is locked
    // prints the door is unlocked
    // prints the door is open
    // prints the door is unlocked
    // prints the door is locked
  }

  static func startedServer(_ runtime: ProcessRuntime) async {
    struct Printer: Server {
      enum Message { case print(String) }
      struct OutOfPaper: Error {}

      func start(in process: ProcessContext<Message>) throws { throw OutOfPaper() }
      func handle(_ message: sending Message, in process: ProcessContext<Message>) {}
    }

    do {
      _ = try await Printer.startAndWait(Printer(), on: runtime)
    } catch {
      print(error)  // prints the server ended while it was starting: error: OutOfPaper()
    }
  }

  static func registry(_ runtime: ProcessRuntime) throws {
    let rooms = try Registry<Int, Store.Message>.start(on: runtime)
    try rooms.register(Store.start(Store(), on: runtime), as: 101)
    guard let room = rooms.lookup(101) else { return }
    room.send(.put("guests", 2))
    print(try room.callBlocking { .get("guests", $0) } ?? 0, rooms.count)  // prints 2 1
  }

  static func table(_ runtime: ProcessRuntime) {
    runtime.spawn(Down.self) { process in
      let prices = OwnedTable(TableMap<String, Int>(), ownedBy: process)
      try prices.updateValue(5, forKey: "apple")
      process.spawnMonitored(down: { $0 }) { _ in
        print(try prices["apple"] ?? 0)  // prints 5
      }
      _ = try process.receive()
      try prices.update("apple") { $0 = ($0 ?? 0) + 1 }
      print(try prices["apple"] ?? 0)  // prints 6
    }
  }

  static func tasks(_ runtime: ProcessRuntime) throws {
    let tasks = try TaskSupervisor.start(on: runtime)
    runtime.spawn { process in
      let sum = tasks.async { _ in (1...1_000).reduce(0, +) }
      let squares = try tasks.map(1...5, maximum: 4, in: process) { number, _ in
        number * number
      }
      print(squares)  // prints [1, 4, 9, 16, 25]
      print(try process.await(sum, timeout: .seconds(1)))  // prints 500500
    }
  }

  static func failedTask(_ runtime: ProcessRuntime) throws {
    struct NoRoute: Error {}

    let tasks = try TaskSupervisor.start(on: runtime)
    runtime.spawn { process in
      var stream = tasks.asyncStream(1...3, maximum: 3) { number, _ in
        if number == 2 { throw NoRoute() }
        return number
      }
      while let outcome = try stream.next(in: process) {
        switch outcome {
        case .success(let number): print(number)
        case .failure(let error): print(error)
        }
        // prints 1
        // prints the task ended without a result: error: NoRoute()
        // prints 3
      }
    }
  }

  static func awaiting(_ runtime: ProcessRuntime) async throws {
    let tasks = try TaskSupervisor.start(on: runtime)
    let task = tasks.async { process in
      try process.sleep(for: .milliseconds(5))
      return "done"
    }
    print(try await task.value())  // prints done
  }

  private struct Refused: Error {}

  /// Stands for a connection that is refused.
  private static func connect() throws { throw Refused() }
}
