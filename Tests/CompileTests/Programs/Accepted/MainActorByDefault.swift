// SPDX-License-Identifier: Apache-2.0
//
// A body runs on a scheduler even in a module whose code belongs to the main actor by default. What the body uses and
// sends is declared `nonisolated`; a server need not be. In Swift 5 mode, told to check concurrency, the same program
// compiles.
// options: -default-isolation MainActor
// again with: -swift-version 5 -strict-concurrency=complete

import Joist
import JoistSupervision

nonisolated enum Mail {
  case add(Int)
  case page(Page)
  case sum(ReplyTo<Int>)

  var isPage: Bool { if case .page = self { true } else { false } }
}

nonisolated final class Page { var text = "" }

nonisolated protocol Shape { func area() -> Int }

nonisolated struct Square: Shape {
  let side: Int
  func area() -> Int { side * side }
}

nonisolated func length(_ page: Page) -> Int { page.text.utf8.count }

nonisolated func serve(_ process: ProcessContext<Mail>) throws {
  while true { if try process.receive().isPage { return } }
}

struct Point {
  let x: Int
}

let limit = 10

struct Store: Server {
  typealias Message = Mail
  private var sum = 0

  mutating func handle(_ message: sending Mail, in process: ProcessContext<Mail>) throws {
    switch message {
    case .add(let number): add(number)
    case .page(let page): add(length(page))
    case .sum(let reply): reply.send(sum)
    }
  }

  private mutating func add(_ number: Int) { sum += number }
}

nonisolated struct State: HeapTraceable {
  var first: HeapRef<Int>

  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&first) }
}

func count(_ runtime: ProcessRuntime, _ shelf: ProcessRef<Page>) throws -> ProcessRef<Mail> {
  shelf.send(Page())
  runtime.spawn(Mail.self, serve)
  try Supervisor(.oneForOne) {
    Child("store", options: .init(name: "store"), server: { Store() })
    Child("body", Mail.self) { process in try serve(process) }
  }.start(on: runtime)
  return runtime.spawn(Mail.self) { process in
    var total = Point(x: limit).x
    let shape: any Shape = Square(side: 2)
    total += shape.area()
    var state = State(first: try process.heap.allocate(total))
    process.heap.collect(keeping: &state)
    while true {
      switch try process.receive() {
      case .add(let number): total += number
      case .page(let page): total += length(page)
      case .sum(let reply):
        let page = Page()
        page.text = "\(total)"
        shelf.send(page)
        reply.send(total)
      }
    }
  }
}

final class Model {
  private var sums: [Int] = []

  func watch(_ runtime: ProcessRuntime, _ store: ProcessRef<Mail>) {
    runtime.spawn { process in
      let sum = try process.call(store) { .sum($0) }
      Task { @MainActor in self.sums.append(sum) }
    }
  }

  func ask(_ store: ProcessRef<Mail>) async throws { sums.append(try await store.call { .sum($0) }) }
}
