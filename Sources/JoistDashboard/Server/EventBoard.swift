// SPDX-License-Identifier: Apache-2.0
//
// The latest events for all open pages, and the task that renews them:
//
// EB1. Each kind of event is kept once, the latest one. A page that is slow skips events; no queue grows for it.
// EB2. The program is asked only while at least one page looks.
// EB3. A page that gets no event for the time of a heartbeat gets an empty comment.

#if Dashboard
  import JoistObservation

  /// The latest events, and the pages that wait for the next ones.
  actor EventBoard {
    /// A kind of event.
    private enum Kind: String, CaseIterable {
      case runtime, supervision, waits, failure
    }

    private struct Event {
      var number: Int
      var data: [UInt8]
    }

    /// A page that looks.
    struct Page: Sendable {
      let id: Int
      /// Has an element, or several as one, when there may be events to send.
      let wakes: AsyncStream<Void>
    }

    private let answers: Answers
    private let limits: DashboardLimits
    private var latest: [Kind: Event] = [:]
    private var lastNumber = 0
    private var lastPage = 0
    private var pages: [Int: AsyncStream<Void>.Continuation] = [:]
    private var sampler: Task<Void, Never>?

    init(_ answers: Answers, limits: DashboardLimits) {
      self.answers = answers
      self.limits = limits
    }

    /// The number of pages that look now.
    var pageCount: Int { pages.count }

    /// Whether the task that asks the program runs.
    var isSampling: Bool { sampler != nil }

    /// Adds a page; returns nil if there are too many.
    func join() -> Page? {
      guard pages.count < limits.streams else { return nil }
      lastPage += 1
      let (wakes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
      pages[lastPage] = continuation
      continuation.yield()
      if sampler == nil { sampler = Task { await sample() } }  // (EB2)
      return Page(id: lastPage, wakes: wakes)
    }

    /// Removes a page.
    func leave(_ page: Page) { pages.removeValue(forKey: page.id)?.finish() }

    /// Returns the text of the events after a number, and the number of the last one. (EB1)
    func text(after number: Int) -> (bytes: [UInt8], last: Int) {
      var bytes: [UInt8] = []
      let news = latest.filter { $0.value.number > number }.sorted { $0.value.number < $1.value.number }
      for (kind, event) in news {
        bytes += Array("id: \(event.number)\nevent: \(kind.rawValue)\ndata: ".utf8)
        bytes += event.data
        bytes += Array("\n\n".utf8)
      }
      return (bytes, news.last?.value.number ?? number)
    }

    private func sample() async {
      var silentSince = ContinuousClock.now
      while !pages.isEmpty {
        let before = lastNumber
        await renew()
        if lastNumber != before || .now - silentSince >= limits.heartbeat {
          silentSince = .now
          for page in pages.values { page.yield() }  // (EB3)
        }
        // Only the end of the program cancels the task, and then nothing is left to do.
        guard (try? await Task.sleep(for: limits.interval)) != nil else { break }
      }
      // The next page that comes must not take old figures for new ones.
      latest = [:]
      sampler = nil
    }

    private func renew() async {
      do {
        let program = try await answers.answer(.program)
        let runtime = try await answers.answer(.runtime)
        publish(
          .runtime,
          Array(#"{"program":"#.utf8) + program + Array(#","runtime":"#.utf8) + runtime + Array("}".utf8)
        )
        publish(.waits, try await answers.answer(.waits(limit: limits.rows)))
        publish(.supervision, try await answers.answer(.supervision))
        latest[.failure] = nil
      } catch {
        publish(.failure, DashboardError.json(error))
      }
    }

    private func publish(_ kind: Kind, _ data: [UInt8]) {
      guard latest[kind]?.data != data else { return }
      lastNumber += 1
      latest[kind] = Event(number: lastNumber, data: data)
    }
  }
#endif
