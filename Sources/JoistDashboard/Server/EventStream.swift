// SPDX-License-Identifier: Apache-2.0
//
// Sends events to one page as a stream of server-sent events, until the page leaves or does not read.

#if Dashboard
  import Hummingbird
  import NIOCore

  /// A stream of events to one page.
  enum EventStream {
    /// The time in milliseconds after which a browser connects again when the stream breaks.
    private static let retryMilliseconds = 2_000

    /// The client has not taken an event in time.
    private struct Stalled: Error {}

    // One task at a time uses the writer: `write` returns after the task that it starts has ended.
    /// The writer of a response, which a child task can use.
    private final class Output: @unchecked Sendable {
      private var writer: any ResponseBodyWriter

      init(_ writer: any ResponseBodyWriter) { self.writer = writer }

      func write(_ bytes: [UInt8]) async throws { try await writer.write(ByteBuffer(bytes: bytes)) }
    }

    /// Returns the response that streams the events of a board.
    static func response(_ board: EventBoard, limits: DashboardLimits) async -> Response {
      guard let page = await board.join() else {
        return .text(.serviceUnavailable, "Too many pages look at this program; close one of them.\n")
      }
      let leaving = Leaving(board, page)
      let body = ResponseBody { writer in
        let output = Output(writer)
        do {
          try await send(to: output, board, page, limits)
        } catch {
          leaving.leave()
          throw error
        }
        leaving.leave()
        try await writer.finish(nil)
      }
      return Response(status: .ok, headers: [.contentType: "text/event-stream"], body: body)
    }

    private static func send(
      to output: Output,
      _ board: EventBoard,
      _ page: EventBoard.Page,
      _ limits: DashboardLimits
    ) async throws {
      var last = 0
      try await write(Array("retry: \(retryMilliseconds)\n\n".utf8), to: output, limits)
      for await _ in page.wakes {
        let news = await board.text(after: last)
        last = news.last
        try await write(news.bytes.isEmpty ? Array(": \n\n".utf8) : news.bytes, to: output, limits)
      }
    }

    /// Writes bytes; throws if the client does not take them in time, which closes its connection.
    private static func write(_ bytes: [UInt8], to output: Output, _ limits: DashboardLimits) async throws {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await output.write(bytes) }
        group.addTask {
          try await Task.sleep(for: limits.stall)
          throw Stalled()
        }
        defer { group.cancelAll() }
        try await group.next()
      }
    }

    /// Removes a page from its board at the latest when the response is dropped, which may be before its body runs.
    private final class Leaving: Sendable {
      private let board: EventBoard
      private let page: EventBoard.Page

      init(_ board: EventBoard, _ page: EventBoard.Page) {
        self.board = board
        self.page = page
      }

      deinit { leave() }

      func leave() { Task { [board, page] in await board.leave(page) } }
    }
  }
#endif
