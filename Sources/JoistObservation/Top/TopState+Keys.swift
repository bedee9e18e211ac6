// SPDX-License-Identifier: Apache-2.0
//
// What each key does.

extension TopState {
  /// Takes a key and returns what the loop has to do for it; nil if drawing again is enough.
  package mutating func handle(_ key: TopKey, model: TopModel) -> Effect? {
    message = nil
    if key == .interrupt { return .quit }
    if key == .suspend { return .suspend }
    if key == .redraw { return .redraw }
    if let killCandidate { return confirm(key, killCandidate) }
    if isTypingSearch { return typeSearch(key, model) }
    switch key {
    case .character(let character): return command(character, model)
    case .enter, .right: return open(model)
    case .escape, .left, .backspace: return back()
    default:
      move(key, model)
      return nil
    }
  }

  private mutating func command(_ character: Character, _ model: TopModel) -> Effect? {
    switch character {
    case "q": return .quit
    case "?", "h": return show(.help)
    case "t": return show(.tree)
    case "w": return show(.waits)
    case "g": return toggleGrowth()
    case "<", ",": return sort(by: -1)
    case ">", ".": return sort(by: 1)
    case "c": return sort(.cpu)
    case "m": return sort(.memory)
    case "i": return sort(.messagesIn)
    case "o": return sort(.messagesOut)
    case "b": return sort(.mailbox)
    case "s": return sort(.slices)
    case "u": return sort(.queued)
    case "a": return sort(.waiting)
    case "k": return askToKill(model)
    case "+", "=": changeInterval(by: 1)
    case "-", "_": changeInterval(by: -1)
    case "/":
      guard view != .help, !isPage else { break }
      isTypingSearch = true
    case " ":
      isPaused.toggle()
      return isPaused ? nil : .ask
    default: message = "the key \(character) has no meaning; ? shows the keys"
    }
    return nil
  }

  private var isPage: Bool {
    if case .process = view { return true }
    return false
  }

  private mutating func show(_ next: View) -> Effect? {
    guard next != view else { return back() }
    if view != .help { backViews.append(view) }
    // The longest useful way back: list, tree, page, waits and another page.
    if backViews.count > 8 { backViews.removeFirst() }
    enter(next)
    return next == .help ? nil : .ask
  }

  private mutating func back() -> Effect? {
    if let last = backViews.popLast() {
      enter(last)
      return .ask
    }
    guard !search.isEmpty else { return nil }
    search = ""
    return .ask
  }

  private mutating func enter(_ next: View) {
    view = next
    selection = 0
    scroll = 0
    if next == .tree || next == .waits { search = "" }
  }

  private mutating func open(_ model: TopModel) -> Effect? {
    guard view != .help, !isPage else { return nil }
    let identities = model.identities(for: self)
    if identities.indices.contains(selection), let id = identities[selection] {
      selectedID = id
      return show(.process(id))
    }
    // The search may name a process that is not among the rows.
    return identities.isEmpty && !search.isEmpty ? show(.process(search)) : nil
  }

  private mutating func move(_ key: TopKey, _ model: TopModel) {
    let step: Int
    switch key {
    case .up: step = -1
    case .down: step = 1
    case .pageUp: step = -max(1, visibleRows - 1)
    case .pageDown: step = max(1, visibleRows - 1)
    case .home: step = -Int(Int32.max)
    case .end: step = Int(Int32.max)
    default: return
    }
    if isPage || view == .help {
      scroll = max(0, min(scroll + step, contentRows - visibleRows))
      return
    }
    let identities = model.identities(for: self)
    guard !identities.isEmpty else { return }
    selection = max(0, min(selection + step, identities.count - 1))
    // A heading stands for no process: the selection goes on to the next row that does, or back to the last one.
    let (before, after) = (identities[...selection], identities[selection...])
    let isProcess: (String?) -> Bool = { $0 != nil }
    selection =
      (step < 0 ? before.lastIndex(where: isProcess) : after.firstIndex(where: isProcess))
      ?? (step < 0 ? after.firstIndex(where: isProcess) : before.lastIndex(where: isProcess)) ?? selection
    selectedID = identities[selection]
  }

  private mutating func toggleGrowth() -> Effect? {
    guard figure.canGrow else {
      message = "the time of a wait grows with the clock; choose another column"
      return nil
    }
    byGrowth.toggle()
    message = "sorted by \(byGrowth ? "growth of " : "")\(figure.title)"
    return .ask
  }

  private mutating func sort(by step: Int) -> Effect? {
    let all = ProcessFigure.allCases
    let index = (all.firstIndex(of: figure) ?? 0) + step
    return sort(all[(index + all.count) % all.count])
  }

  private mutating func sort(_ next: ProcessFigure) -> Effect? {
    guard view == .processes else { return nil }
    figure = next
    if !next.canGrow { byGrowth = false }
    selection = 0
    selectedID = nil
    message = "sorted by \(byGrowth ? "growth of " : "")\(next.title)"
    return .ask
  }

  private mutating func changeInterval(by step: Int) {
    let all = Self.intervals
    let index = step > 0 ? all.firstIndex { $0 > interval } : all.lastIndex { $0 < interval }
    if let index { interval = all[index] }
    message = "a refresh every \(FigureText.duration(interval))"
  }

  private mutating func typeSearch(_ key: TopKey, _ model: TopModel) -> Effect? {
    let before = search
    switch key {
    case .character(let character):
      if search.count < Self.maxSearch { search.append(character) }
    case .backspace:
      if search.isEmpty { isTypingSearch = false } else { search.removeLast() }
    case .escape:
      search = ""
      isTypingSearch = false
    case .enter:
      isTypingSearch = false
      if model.identities(for: self).isEmpty { return open(model) }
    default: move(key, model)
    }
    guard search != before else { return nil }
    selection = 0
    selectedID = nil
    return before.isEmpty || search.isEmpty ? .ask : nil
  }

  private mutating func askToKill(_ model: TopModel) -> Effect? {
    let identities = model.identities(for: self)
    var id = identities.indices.contains(selection) ? identities[selection] : nil
    if case .process(let shown) = view { id = model.page?.process.id ?? shown }
    guard let id else {
      message = "no process is selected"
      return nil
    }
    guard model.program?.allowsControl == true else {
      message = "the program does not allow control; it has to open its control socket with control allowed"
      return nil
    }
    killCandidate = id
    return nil
  }

  private mutating func confirm(_ key: TopKey, _ id: String) -> Effect? {
    killCandidate = nil
    guard key == .character("y") || key == .character("Y") else {
      message = "\(id) was not ended"
      return nil
    }
    return .control(.kill, id)
  }
}
