// SPDX-License-Identifier: Apache-2.0
//
// The columns of the table of processes: what each shows, how wide it is, and which columns fit into a width.

/// A column of the table of processes.
struct ProcessColumn: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case id, name, state, function
    case figure(ProcessFigure)
  }

  var kind: Kind
  var columns: Int

  /// The widest id, such as `#1048575.65535`; a longer one is clipped.
  private static let maxID = 14
  /// The widths of a name, a function, and a state with and without the time of its wait.
  private static let (name, wideName, function) = (10, 24, 14)
  private static let (state, wideState) = (10, 18)
  /// The width of the figure by which the rows are sorted: the widest text is `59.9 min`.
  private static let sortedFigure = 9

  /// The columns from the left to the right.
  private static let order: [Kind] = [
    .id, .name, .state, .figure(.cpu), .figure(.slices), .figure(.messagesIn), .figure(.messagesOut), .figure(.mailbox),
    .figure(.memory), .figure(.queued), .function,
  ]
  /// The columns from the most to the least important one; the sorted one is put before all but the id.
  private static let importance: [Kind] = [
    .id, .figure(.cpu), .name, .state, .figure(.mailbox), .figure(.memory), .figure(.messagesIn), .function,
    .figure(.queued), .figure(.slices), .figure(.messagesOut),
  ]

  /// Returns the columns that fit into `width`, from the left to the right; all rows' ids are at most `idWidth` wide.
  static func fitting(_ width: Int, idWidth: Int, sortedBy figure: ProcessFigure) -> [ProcessColumn] {
    // The time of a wait stands beside the state.
    let sorted = figure == .waiting ? Kind.state : .figure(figure)
    var chosen: [Kind: Int] = [:]
    var left = width
    for kind in [.id, sorted] + importance where chosen[kind] == nil {
      var columns = least(kind, idWidth)
      if kind == .state, figure == .waiting { columns = wideState }
      if kind == .figure(figure) { columns = sortedFigure }
      // Fields of text have a space after them, and figures before them, within their width.
      if columns > left && kind != .id { continue }
      chosen[kind] = min(columns, left)
      left -= min(columns, left)
    }
    widen(&chosen, .state, to: wideState, &left)
    widen(&chosen, .name, to: wideName, &left)
    if let function = chosen[.function] { chosen[.function] = function + left }
    return order.compactMap { kind in chosen[kind].map { ProcessColumn(kind: kind, columns: $0) } }
  }

  /// Widens a column by at most half of the columns that are left; the rest is for the function.
  private static func widen(_ chosen: inout [Kind: Int], _ kind: Kind, to most: Int, _ left: inout Int) {
    guard let columns = chosen[kind] else { return }
    let more = max(0, min(most - columns, chosen[.function] == nil ? left : left / 2))
    chosen[kind] = columns + more
    left -= more
  }

  private static func least(_ kind: Kind, _ idWidth: Int) -> Int {
    switch kind {
    case .id: min(idWidth, maxID) + 1
    case .name: name
    case .state: state
    case .function: function
    // The widest text of a rate or share is `99.9 k`, and that of another figure `1.23 MiB`.
    case .figure(.cpu), .figure(.messagesIn), .figure(.messagesOut): 8
    case .figure: 9
    }
  }

  /// Whether figures stand at the right side of the column.
  var isOnTheRight: Bool {
    if case .figure = kind { return true }
    return false
  }
}
