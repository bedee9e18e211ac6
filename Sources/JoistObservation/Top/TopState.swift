// SPDX-License-Identifier: Apache-2.0
//
// What the user has chosen: the view, the order, the selected process, the search, the interval. Keys change it, in
// TopState+Keys; no time and no terminal is in it.

/// The choices of the user of the view.
package struct TopState: Sendable, Hashable {
  /// What the main part of the screen shows.
  package enum View: Sendable, Hashable {
    case processes
    case process(String)
    case tree, waits, help
  }

  /// What the view asks its loop to do after a key.
  package enum Effect: Sendable, Hashable {
    /// Ask the program as soon as the pace allows it.
    case ask
    case control(ControlAction, String)
    /// Draw the whole screen anew.
    case redraw
    /// Stop this program as the shell's key does.
    case suspend
    case quit
  }

  /// The rows that are asked for: more than a terminal has lines.
  package static let rowLimit = 200
  /// The rows that are asked for while a search is on; each costs the program and the socket about 600 bytes.
  package static let searchRowLimit = 2_000
  /// The longest text of a search.
  package static let maxSearch = 64
  /// The intervals that `+` and `-` choose from, in nanoseconds.
  package static let intervals: [Int64] = [250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000].map { $0 * 1_000_000 }

  package internal(set) var view = View.processes
  /// The views to which the escape key leads back, the last one at the end.
  package internal(set) var backViews: [View] = []
  package internal(set) var figure: ProcessFigure
  /// Whether the processes are sorted by the growth of the figure since the last refresh.
  package internal(set) var byGrowth: Bool
  package internal(set) var selection = 0
  /// The selected process, which the selection follows after the first arrow key; nil before.
  package internal(set) var selectedID: String?
  /// The first line of a page that is shown.
  package internal(set) var scroll = 0
  package internal(set) var search = ""
  package internal(set) var isTypingSearch = false
  package internal(set) var isPaused = false
  /// The process whose end is to be confirmed.
  package internal(set) var killCandidate: String?
  package internal(set) var interval: Int64
  /// One line that answers the last key or names a failure.
  package var message: String?
  /// The number of rows in the present view, and of those that fit on the screen; set by the loop after each frame.
  package var contentRows = 0
  package var visibleRows = 1

  /// Creates the state in which the view begins.
  package init(figure: ProcessFigure = .cpu, byGrowth: Bool = true, interval: Int64 = 1_000_000_000) {
    self.figure = figure
    self.byGrowth = byGrowth && figure.canGrow
    self.interval = interval
  }

  /// What the present view needs from the program; nil if it needs nothing new.
  package var question: TopQuestion.Detail {
    switch view == .help ? backViews.last ?? .processes : view {
    case .processes, .help:
      .processes(by: figure, sinceLast: byGrowth, limit: search.isEmpty ? Self.rowLimit : Self.searchRowLimit)
    case .process(let id): .process(id)
    case .tree: .tree
    case .waits: .waits
    }
  }

  /// Puts the selection back on the selected process, or within the rows if that process is gone.
  package mutating func settleSelection(in identities: [String?]) {
    if let selectedID, let index = identities.firstIndex(of: selectedID) { selection = index }
    selection = max(0, min(selection, identities.count - 1))
    // A heading is not selected if a row below it can be.
    selection = identities.indices.dropFirst(selection).first { identities[$0] != nil } ?? selection
  }
}
