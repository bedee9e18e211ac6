// SPDX-License-Identifier: Apache-2.0
//
// The example of the article "A small server": a cache, and workers that load what it does not have.

import Dispatch
import Joist
import JoistSupervision

typealias PageReply = ReplyTo<Result<String, PageError>>

enum PageError: Error {
  case busy
  case failed(ExitReason)
}

struct Job: Sendable {
  let name: String
  let cache: ProcessRef<Cache.Message>
  let reply: PageReply
}

struct Cache: Server {
  enum Message {
    case get(String, PageReply)
    case loaded(String, String)
  }
  let jobs: ProcessChannel<Job>
  private var pages: [String: String] = [:]

  init(jobs: ProcessChannel<Job>) { self.jobs = jobs }

  mutating func handle(_ message: sending Message, in process: ProcessContext<Message>) throws {
    switch message {
    case .loaded(let name, let page): pages[name] = page
    case .get(let name, let reply):
      if let page = pages[name] { return reply.send(.success(page)) }
      let job = Job(name: name, cache: process.ref, reply: reply)
      if try !jobs.trySend(job) { reply.send(.failure(.busy)) }
    }
  }
}

/// Does jobs, each in a process of its own, until the channel is closed.
func work(on jobs: ProcessChannel<Job>, _ worker: ProcessContext<Down>) throws {
  while let job = try jobs.receive() {
    worker.spawnMonitored(down: \.self) { loader in
      let page = try load(job.name, loader)
      job.cache.send(.loaded(job.name, page))
      job.reply.send(.success(page))
    }
    let reason = try worker.receive().reason
    if !reason.isOrderly { job.reply.send(.failure(.failed(reason))) }
  }
}

/// Stands for a query, which may be slow, and crashes for an empty name.
func load(_ name: String, _ process: ProcessContext<Never>) throws -> String {
  if name == "slow" { try process.sleep(for: .seconds(30)) }
  return "a page about \(Array(name)[0])…"
}

/// Asks the cache of a runtime for a page.
func page(_ name: String, from runtime: ProcessRuntime) async throws -> String {
  let cache = try runtime.lookup("cache", as: Cache.Message.self)
  guard let cache else { throw PageError.busy }  // it is being restarted
  return try await cache.call(timeout: .seconds(1)) { .get(name, $0) }.get()
}

extension Snippets {
  static func smallServer(_ runtime: ProcessRuntime) async throws {
    let reports = DispatchQueue(label: "reports")
    runtime.handleReports { report in
      guard case .abnormalExit(_, _, .trap(let trap)) = report.event else { return log("\(report)") }
      reports.async { log("\(report)\n" + trap.symbolicated().joined(separator: "\n")) }
    }

    let jobs = ProcessChannel<Job>(capacity: 100)
    try await Supervisor(.oneForOne) {
      Child("cache", options: .init(name: "cache"), server: { Cache(jobs: jobs) })
      for number in 1...4 {
        Child("worker \(number)", Down.self) { worker in try work(on: jobs, worker) }
      }
    }.start(on: runtime, options: .init(name: "top"))

    for name in ["news", "news", "slow", ""] {
      do {
        print(try await page(name, from: runtime))
      } catch PageError.failed(.trap) {
        print("a crash: the caller gets an error, and the server lives")
      } catch {
        print(error)
      }
    }
    // prints a page about n…
    // prints a page about n…
    // prints timedOut
    // prints a crash: the caller gets an error, and the server lives
    print("left:", await runtime.shutdown(deadline: .seconds(1)))  // prints left: []
  }
}
