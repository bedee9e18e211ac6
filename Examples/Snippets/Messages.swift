// SPDX-License-Identifier: Apache-2.0
//
// Examples of messages: sending, selecting, asking, and moving objects.

import Joist

/// A model of a user interface.
@MainActor final class Model {
  private let shown = AsyncStream.makeStream(of: Void.self)

  func show(_ number: Int) {
    print(number)
    shown.continuation.yield()
  }

  func waitUntilShown() async {
    for await _ in shown.stream { return }
  }
}

extension Snippets {
  static func counter(_ runtime: ProcessRuntime) throws {
    enum Counter {
      case add(Int)
      case total(ReplyTo<Int>)
    }

    let counter = runtime.spawn(Counter.self) { process in
      var total = 0
      while true {
        switch try process.receive() {
        case .add(let number): total += number
        case .total(let reply): reply.send(total)
        }
      }
    }
    counter.send(.add(2))
    counter.send(.add(3))
    print(try counter.callBlocking { .total($0) })  // prints 5
    runtime.spawn { process in
      let total = try process.call(counter, timeout: .seconds(1)) { .total($0) }
      print("a process sees", total)  // prints a process sees 5
    }
  }

  static func asking(_ runtime: ProcessRuntime) async throws {
    let doubler = runtime.spawn((Int, ReplyTo<Int>).self) { process in
      while true {
        let (number, reply) = try process.receive()
        reply.send(number * 2)
      }
    }
    let answer = try await doubler.call { (21, $0) }
    print(answer)  // prints 42
  }

  static func bridging(_ runtime: ProcessRuntime) {
    runtime.spawn(Int.self) { process in
      let own = process.ref
      Task { own.send(await download()) }
      print("bytes:", try process.receive())  // prints bytes: 1024
    }
  }

  static func mainActor(_ runtime: ProcessRuntime) async {
    let model = Model()
    runtime.spawn { process in
      try process.reduce(1_000)
      Task { @MainActor in model.show(42) }  // prints 42
    }
    await model.waitUntilShown()
  }

  static func failedCall(_ runtime: ProcessRuntime) {
    let silent = runtime.spawn(ReplyTo<Int>.self) { process in
      while true { _ = try process.receive() }
    }
    let gone = runtime.spawn(ReplyTo<Int>.self) { _ in }
    runtime.spawn { process in
      _ = try process.join(gone)
      for callee in [silent, gone] {
        do {
          print(try process.call(callee, timeout: .milliseconds(5)) { $0 })
        } catch let error as CallError {
          print(error)
          // prints timedOut
          // prints exited(no process)
        }
      }
    }
  }

  static func timeout(_ runtime: ProcessRuntime) {
    runtime.spawn(Int.self) { process in
      process.ref.send(1)
      while let number = try process.receive(timeout: .milliseconds(5)) { print(number) }  // prints 1
      print("nothing came")  // prints nothing came
    }
  }

  static func selecting(_ runtime: ProcessRuntime) {
    enum Mail {
      case job(Int)
      case stop(reason: String)
    }

    runtime.spawn(Mail.self) { process in
      for number in 1...3 { process.ref.send(.job(number)) }
      process.ref.send(.stop(reason: "enough"))

      let reason = try process.receive(matching: { mail in
        if case .stop(let reason) = mail { reason } else { nil }
      })
      print(reason, process.messageCount)  // prints enough 3

      _ = try process.receive(where: { mail in
        if case .job(let number) = mail { number > 1 } else { false }
      })
      print(process.flush(), "left")  // prints 2 left
    }
  }

  static func looking(_ runtime: ProcessRuntime) {
    runtime.spawn(Int.self) { process in
      process.ref.send(7)
      print(process.peek() ?? 0, process.messageCount)  // prints 7 1
      _ = try process.receive()
      print(process.lastMessage?.sender == process.id)  // prints true
    }
  }

  static func urgent(_ runtime: ProcessRuntime) {
    runtime.spawn(String.self) { process in
      process.ref.send("later")
      process.ref.send("now", urgent: true)
      print(try process.receive())  // prints now
      print(try process.receive())  // prints later
    }
  }

  static func bounded(_ runtime: ProcessRuntime) {
    let options = SpawnOptions(mailbox: .bounded(2, whenFull: .fail))
    let slow = runtime.spawn(Int.self, options: options) { process in
      try process.sleep(for: .seconds(60))
    }
    do {
      for number in 1...3 { try slow.trySend(number) }
    } catch {
      print(error)  // prints mailboxFull
    }
    slow.exit()
  }

  static func deadLetter(_ runtime: ProcessRuntime) {
    runtime.handleReports { report in
      guard case .deadLetter(let letter) = report.event else { return }
      print(letter.type, letter.cause)  // prints Int noProcess
    }
    let gone = runtime.spawn(Int.self) { _ in }
    runtime.spawn { process in
      _ = try process.join(gone)
      gone.send(1)
    }
  }

  static func graphs(_ runtime: ProcessRuntime) {
    final class Page {
      var text = ""
      var links: [Page] = []
    }

    let editor = runtime.spawn(Page.self) { process in
      let page = try process.receive()
      page.text += ", edited"
      print(page.text, page.links.count)  // prints draft, edited 1
    }
    let page = Page()
    page.text = "draft"
    page.links = [Page()]
    editor.send(page)  // moves the page and its links: it cannot be used from here on
  }

  static func disconnected(_ runtime: ProcessRuntime) {
    final class Page { var text = "" }
    enum Shelf {
      case put(String, Page)
      case take(String, ReplyTo<Page?>)
    }

    let shelf = runtime.spawn(Shelf.self) { process in
      var pages: [String: Disconnected<Page>] = [:]
      while true {
        switch try process.receive() {
        case .put(let name, let page): pages[name] = Disconnected(page)
        case .take(let name, let reply):
          reply.send(pages.removeValue(forKey: name).map { $0.open() })
        }
      }
    }
    runtime.spawn { process in
      let page = Page()
      page.text = "kept"
      shelf.send(.put("a", page))
      let taken = try process.call(shelf) { .take("a", $0) }
      print(taken?.text ?? "gone")  // prints kept
    }
  }

  static func moving(_ runtime: ProcessRuntime) {
    final class Page { var text = "" }

    let editor = runtime.spawn((Page, ReplyTo<Page>).self) { process in
      while true {
        let (page, reply) = try process.receive()
        page.text += "!"
        reply.send(page)
      }
    }
    runtime.spawn { process in
      let page = Page()
      page.text = "to and fro"
      let back = try process.call(editor, moving: page) { ($0, $1) }
      print(back.text)  // prints to and fro!
    }
  }

  /// Stands for asynchronous code that a process needs.
  static func download() async -> Int { 1_024 }
}
