// SPDX-License-Identifier: Apache-2.0
//
// The rows that a view shows: which of the answered processes match the search, and in which order.

extension ProcessFigure {
  /// Returns the figure of a process as a number: nanoseconds, bytes or a count.
  package func value(of process: ProcessDescription) -> Int64 {
    switch self {
    case .cpu: process.cpuNanoseconds
    case .slices: Int64(process.slices)
    case .messagesIn: Int64(process.messagesIn)
    case .messagesOut: Int64(process.messagesOut)
    case .mailbox: Int64(process.mailbox)
    case .memory: Int64(process.totalMemoryBytes)
    case .queued: process.queuedNanoseconds
    case .waiting: process.waitingNanoseconds ?? 0
    }
  }

  /// The name that people read.
  package var title: String {
    switch self {
    case .cpu: "CPU time"
    case .slices: "slices"
    case .messagesIn: "messages in"
    case .messagesOut: "messages out"
    case .mailbox: "mailbox"
    case .memory: "memory"
    case .queued: "time in queues"
    case .waiting: "time of wait"
    }
  }

  /// Whether growth says something: the time of a wait grows with the clock.
  package var canGrow: Bool { self != .waiting }
}

extension TopModel {
  /// Returns the processes that match the search, in the order of the answer if it was sorted as the state asks.
  package func rows(for state: TopState) -> [ProcessList.Row] {
    guard let list else { return [] }
    var rows = list.rows
    if list.figure != state.figure {
      // The answer for the new figure is on its way; until then the known processes are put in order.
      rows = rows.map { ProcessList.Row(process: $0.process, value: state.figure.value(of: $0.process)) }
      rows.sort { ($1.value, $0.process.id) < ($0.value, $1.process.id) }
    }
    let text = state.search.lowercased()
    guard !text.isEmpty else { return rows }
    return rows.filter { row in
      let process = row.process
      return [process.id, process.name, process.function].contains { $0?.lowercased().contains(text) ?? false }
    }
  }

  /// Whether the values of the rows are growth in a window.
  package func showsGrowth(for state: TopState) -> Bool {
    guard let list, list.figure == state.figure else { return false }
    return list.windowNanoseconds > 0
  }

  /// Returns the process of each row of the present view; nil for a row that stands for none.
  package func identities(for state: TopState) -> [String?] {
    switch state.view {
    case .processes: rows(for: state).map(\.process.id)
    case .tree: matchingTree(for: state).map(\.id)
    case .waits: matchingWaits(for: state).map(\.waiter)
    case .process, .help: []
    }
  }

  /// Returns the rows of the supervision tree that match the search.
  package func matchingTree(for state: TopState) -> [TreeRow] {
    let text = state.search.lowercased()
    guard let tree, !text.isEmpty else { return tree ?? [] }
    return tree.filter { row in [row.id, row.name].contains { $0?.lowercased().contains(text) ?? false } }
  }

  /// Returns the rows of the waits that match the search; headings stay.
  package func matchingWaits(for state: TopState) -> [WaitRow] {
    let text = state.search.lowercased()
    guard let waits, !text.isEmpty else { return waits ?? [] }
    return waits.filter { $0.waiter == nil || $0.line.text.lowercased().contains(text) }
  }
}
