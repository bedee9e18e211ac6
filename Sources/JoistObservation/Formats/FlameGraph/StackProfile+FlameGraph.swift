// SPDX-License-Identifier: Apache-2.0
//
// Draws a profile as a flame graph in SVG: the program at the top, each function below its callers.

/// The state of drawing one flame graph.
private struct FlameDrawing {
  /// The width of a letter of the frames' font, and the number of letters below which a name is not written.
  static let letterWidth = 6.65
  static let minLetters = 3
  static let headHeight = 84.0

  private let profile: StackProfile
  private let title: String
  private let tree: FlameTree
  private let layout: FlameLayout
  private let palette: FlamePalette
  private var lines: [String] = []

  init(_ profile: StackProfile, title: String) {
    self.profile = profile
    self.title = title
    tree = FlameTree(profile)
    layout = FlameLayout(tree)
    palette = FlamePalette(tree)
  }

  mutating func draw() -> String {
    let width = Int(FlameLayout.width)
    let height = Int(Self.headHeight + Double(layout.rows) * FlameLayout.rowHeight + FlameLayout.margin)
    lines = [
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
      font-family="system-ui, sans-serif" font-size="12" fill="#222">
      <style>
      g.frame { cursor: pointer }
      g.frame:hover rect { stroke: #333; stroke-width: 1 }
      g.frame text { font: 11px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; pointer-events: none }
      rect.hit { fill: #d58bd5 }
      .quiet { fill: #555 }
      .link { fill: #1f5f99; cursor: pointer }
      </style>
      <rect width="100%" height="100%" fill="#fbfbf8"/>
      <text x="10" y="26" font-size="17" font-weight="600">\(EscapedText.xml(title))</text>
      <text class="quiet" x="10" y="46">\(EscapedText.xml(subtitle))</text>
      <text id="found" class="quiet" x="1020" y="26" text-anchor="end"></text>
      <text id="reset" class="link" x="1110" y="26" text-anchor="end" style="display:none">whole picture</text>
      <text id="search" class="link" x="1190" y="26" text-anchor="end" style="display:none">search (/)</text>
      """
    ]
    drawModules()
    for frame in layout.frames { draw(frame) }
    lines += ["<script><![CDATA[", FlameScript.text, "]]></script>", "</svg>", ""]
    return lines.joined(separator: "\n")
  }

  /// What the picture shows, in a line.
  private var subtitle: String {
    let kind =
      switch profile.kind {
      case .cpu: "processor time"
      case .processes: "parked processes"
      case .wait: "time of waits"
      }
    var parts = ["\(kind): \(describe(tree.nodes[0].value))", "\(profile.samples.count) stacks"]
    if profile.durationNanoseconds > 0 { parts.append("in \(Self.duration(profile.durationNanoseconds))") }
    if tree.cutSamples > 0 {
      parts.append("\(tree.cutSamples) of them deeper than the \(FlameTree.maxDepth) frames that are drawn")
    }
    return parts.joined(separator: ", ")
  }

  /// Draws the modules with their colours in a line below the title, as many as fit.
  private mutating func drawModules() {
    var x = FlameLayout.margin
    for module in palette.modules {
      let width = Double(module.count) * 7 + 30
      guard x + width <= FlameLayout.width - FlameLayout.margin else { return }
      lines.append(
        """
        <rect x="\(Self.number(x))" y="59" width="11" height="11" rx="2" fill="\(palette.color(of: module))"/>\
        <text class="quiet" x="\(Self.number(x + 16))" y="69">\(EscapedText.xml(module))</text>
        """
      )
      x += width
    }
  }

  private mutating func draw(_ frame: FlameLayout.Frame) {
    let node = tree.nodes[frame.node]
    let name = EscapedText.line(tree.names[node.name])
    let short = EscapedText.line(tree.shortNames[node.name])
    let y = Self.headHeight + Double(frame.row) * FlameLayout.rowHeight
    let part = 100 * Double(node.value) / Double(max(1, tree.nodes[0].value))
    let color = frame.row == 0 ? FlamePalette.neutral : palette.color(of: tree.modules[node.name])
    let shown = max(frame.width - 0.5, FlameLayout.minWidth)
    let tip = "\(name)\n\(describe(node.value)), \(Self.number(part)) %"
    let text = Self.fit(name, or: short, shown)
    let data = short == name ? "" : " data-short=\"\(EscapedText.xml(short))\""
    lines.append(
      """
      <g class="frame"\(data)><title>\(Self.tip(tip))</title>\
      <rect x="\(Self.number(frame.x))" y="\(Self.number(y))" width="\(Self.number(shown))" height="17" rx="2" \
      fill="\(color)"/>\
      <text x="\(Self.number(frame.x + 4))" y="\(Self.number(y + 12.5))">\(EscapedText.xml(text))</text></g>
      """
    )
  }

  /// Escapes a tool tip, whose line break stays one.
  private static func tip(_ text: String) -> String {
    text.split(separator: "\n").map { EscapedText.xml(String($0)) }.joined(separator: "\n")
  }

  /// Returns the name if it fits into that width, or else the short one or its beginning; nothing if that would be too
  /// little to be understood.
  private static func fit(_ name: String, or short: String, _ width: Double) -> String {
    let letters = Int((width - 6) / letterWidth)
    if name.count <= letters { return name }
    if short.count <= letters { return short }
    return letters < minLetters ? "" : short.prefix(letters - 1) + "\u{2026}"
  }

  private func describe(_ value: Int64) -> String {
    profile.kind == .processes ? (value == 1 ? "1 process" : "\(value) processes") : Self.duration(value)
  }

  /// Returns a duration with the unit in which it has one to three digits before the point.
  private static func duration(_ nanoseconds: Int64) -> String {
    switch nanoseconds {
    case ..<1_000: "\(nanoseconds) ns"
    case ..<1_000_000: "\(number(Double(nanoseconds) / 1e3)) \u{00B5}s"
    case ..<1_000_000_000: "\(number(Double(nanoseconds) / 1e6)) ms"
    default: "\(number(Double(nanoseconds) / 1e9)) s"
    }
  }

  /// Returns a number with at most two decimals.
  private static func number(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let fraction = hundredths % 100
    if fraction == 0 { return "\(hundredths / 100)" }
    let digits = fraction % 10 == 0 ? "\(fraction / 10)" : "\(fraction)"
    return "\(hundredths / 100)." + (fraction < 10 ? "0" : "") + digits
  }
}

extension StackProfile {
  /// Returns the profile as a flame graph: an SVG picture, 1,200 pixels wide, that needs no other file.
  ///
  /// The program stands at the top, and each function below its callers, as wide as its part of the whole value; the
  /// colour says its module. Frames narrower than 0.3 pixels and those below the 120th row are left out. In a browser a
  /// click enlarges a frame, and `/` searches for functions. The call takes time in proportion to the samples.
  /// - Parameter title: The picture's title, such as the program's name and the kind of profile.
  /// - Returns: The text of an SVG file.
  public func flameGraph(title: String) -> String {
    var drawing = FlameDrawing(self, title: title)
    return drawing.draw()
  }
}
