// SPDX-License-Identifier: Apache-2.0
//
// The screen: which parts a terminal of a given size has room for, and their lines. A pure function of the model, the
// state and the size; each part is in a file of its own.

/// The number of columns and lines of a terminal.
package struct ScreenSize: Sendable, Hashable {
  /// The largest size that is drawn, which bounds the cost of a frame.
  package static let maxColumns = 1_000
  package static let maxLines = 500

  package var columns: Int
  package var lines: Int

  /// Creates a size within the bounds.
  package init(columns: Int, lines: Int) {
    self.columns = max(1, min(columns, Self.maxColumns))
    self.lines = max(1, min(lines, Self.maxLines))
  }
}

/// What a refresh shows.
package struct TopScreen: Sendable {
  package var model: TopModel
  package var state: TopState
  package var pace: TopPace
  package var size: ScreenSize

  /// Creates the screen of a moment.
  package init(model: TopModel, state: TopState, pace: TopPace, size: ScreenSize) {
    self.model = model
    self.state = state
    self.pace = pace
    self.size = size
  }

  /// The lines of a frame, and how many rows of the view it shows.
  package struct Frame: Sendable {
    /// At most as many lines as the screen has; a line may be wider than the screen until it is rendered.
    package var lines: [ScreenLine]
    package var contentRows, visibleRows: Int

    /// Returns the lines as text, none of them wider than `columns`.
    package func rendered(columns: Int, style: TerminalStyle) -> [String] {
      lines.map { $0.rendered(width: columns, style: style) }
    }
  }

  /// The rows of a view, which are built only if they are shown.
  struct Body {
    /// The line above the rows, such as the titles of columns.
    var heading: ScreenLine?
    var count: Int
    var line: (_ index: Int) -> ScreenLine
    /// Whether a row is selected; a page has a scroll position instead.
    var hasSelection: Bool
    /// The line that is shown if there are no rows.
    var empty: String
  }

  /// The lines that the terminal shows now.
  package var frame: Frame {
    let hasFooter = size.lines >= 4
    let body = body
    // At least half of the lines below the header belong to the view.
    var left = size.lines - (hasFooter ? 1 : 0)
    var lines: [ScreenLine] = []
    let header = header.prefix(size.lines >= 10 ? 3 : size.lines >= 6 ? 1 : 0)
    lines += header
    left -= header.count
    if state.view == .processes {
      let bars = schedulerLines(atMost: max(0, left / 4))
      lines += bars
      left -= bars.count
      // Below this height the histograms would take the rows' place.
      if size.lines >= 20 {
        let histograms = histogramLines(withShape: size.lines >= 32)
        lines += histograms
        left -= histograms.count
      }
    }
    if left > 3, pace.detailInterval > pace.runtimeInterval, state.view != .help {
      lines.append(stretchedLine)
      left -= 1
    }
    if let heading = body.heading, left > 1 {
      lines.append(heading)
      left -= 1
    }
    lines += rows(of: body, atMost: left)
    if hasFooter {
      lines += Array(repeating: ScreenLine(), count: max(0, size.lines - 1 - lines.count))
      lines.append(footer)
    }
    return Frame(lines: lines, contentRows: body.count, visibleRows: left)
  }

  /// Says why the rows are older than the header.
  private var stretchedLine: ScreenLine {
    let interval = FigureText.duration(pace.detailInterval)
    return ScreenLine("the rows are asked for every \(interval), as an answer costs the program time", .notice)
  }

  private func rows(of body: Body, atMost visible: Int) -> [ScreenLine] {
    guard visible > 0 else { return [] }
    guard body.count > 0 else { return [ScreenLine("  \(body.empty)", .dim)] }
    let wanted = body.hasSelection ? state.selection - visible / 2 : state.scroll
    let first = max(0, min(wanted, body.count - visible))
    return (first..<min(first + visible, body.count)).map { index in
      let isSelected = body.hasSelection && index == state.selection
      // The mark shows the selection also where nothing can be shown in reverse.
      var line = ScreenLine(body.hasSelection ? isSelected ? ">" : " " : "")
      line.append(body.line(index))
      line.isSelected = isSelected
      return line
    }
  }

  private var body: Body {
    switch state.view {
    case .processes: processBody
    case .process(let id): pageBody(id)
    case .tree: treeBody
    case .waits: waitBody
    case .help: helpBody
    }
  }

  private var treeBody: Body {
    let rows = model.matchingTree(for: state)
    return Body(
      heading: ScreenLine(" supervision tree", .heading),
      count: rows.count,
      line: { rows[$0].line },
      hasSelection: true,
      empty: model.tree == nil ? "asking for the tree" : state.search.isEmpty ? "no supervisors" : "no match"
    )
  }

  private var waitBody: Body {
    let rows = model.matchingWaits(for: state)
    return Body(
      heading: ScreenLine(" waits", .heading),
      count: rows.count,
      line: { rows[$0].line },
      hasSelection: true,
      empty: "asking for the waits"
    )
  }
}
