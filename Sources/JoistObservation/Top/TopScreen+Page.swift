// SPDX-License-Identifier: Apache-2.0
//
// The page of one process, and the page with the keys.

extension TopScreen {
  /// Returns the page of the process that was asked for by id or name.
  func pageBody(_ id: String) -> Body {
    let page = model.page
    let rates = page.flatMap { model.rates(of: $0.process.id) }
    let lines = page?.lines(columns: size.columns, rates: rates, hasEnded: model.pageHasEnded) ?? []
    return Body(
      heading: nil,
      count: lines.count,
      line: { lines[$0] },
      hasSelection: false,
      empty: model.pageHasEnded ? "there is no process \(id)" : "asking for the process \(id)"
    )
  }

  /// The page with the keys.
  var helpBody: Body {
    Body(
      heading: ScreenLine("keys", .heading),
      count: Self.help.count,
      line: { index in
        var line = ScreenLine()
        line.add(Self.help[index].0, .strong, in: 14)
        line.add(Self.help[index].1)
        return line
      },
      hasSelection: false,
      empty: ""
    )
  }

  private static let help: [(String, String)] = [
    ("arrows, page", "select a row or scroll; also home and end"),
    ("enter, esc", "open the page of the selected process, and go back"),
    ("g", "sort by growth since the last refresh, or by the whole figure"),
    ("< >", "sort by the column before or after"),
    ("c s i o", "sort by CPU time, slices, messages in, messages out"),
    ("b m u a", "sort by mailbox, memory, time in queues, time of the wait"),
    ("/", "search in names, ids and functions; if no row matches,"),
    ("", "enter asks the program for the process of that name or id"),
    ("t, w", "supervision tree; circles of waits and the longest waits"),
    ("space", "pause and go on"),
    ("+ -", "longer or shorter interval"),
    ("k", "end the selected process if the program allows it; asks first"),
    ("q, ctrl-C", "quit"),
    ("", ""),
    ("schedulers", "parts of the time: █ run, s steal, t timers, c collect memory,"),
    ("", "o overhead, ~ spin, · sleep; before the number ! stuck, + spare"),
    ("run delay", "time from ready to running, by priority"),
    ("CPU%", "part of one core; QUEUED% is the time ready without running"),
    ("interval", "grows if answers are dear: at most 1% of a core is spent on it"),
  ]
}
