// SPDX-License-Identifier: Apache-2.0
//
// Where the frames of a flame graph stand: each below its caller, as wide as its part of the whole.

/// The frames of a flame graph that are wide enough to be drawn.
struct FlameLayout {
  /// The size of the picture, and its parts, in pixels.
  static let width = 1_200.0
  static let margin = 10.0
  static let rowHeight = 18.0
  /// The width below which a frame is left out: it could neither be seen nor hit.
  static let minWidth = 0.3
  /// The number of frames, which bounds the size of the file to a few megabytes.
  static let maxFrames = 20_000

  /// A frame at its place.
  struct Frame {
    let node: Int
    let row: Int
    let x, width: Double
  }

  private(set) var frames: [Frame] = []
  /// The number of rows that have frames.
  private(set) var rows = 1

  /// Places the frames of a tree, row by row.
  init(_ tree: FlameTree) {
    let total = Double(max(1, tree.nodes[0].value))
    let scale = (Self.width - 2 * Self.margin) / total
    frames = [Frame(node: 0, row: 0, x: Self.margin, width: Self.width - 2 * Self.margin)]
    var next = 0
    while next < frames.count {
      let parent = frames[next]
      next += 1
      var x = parent.x
      for child in tree.children(of: parent.node) {
        let width = Double(tree.nodes[child].value) * scale
        guard width >= Self.minWidth, frames.count < Self.maxFrames else { break }
        frames.append(Frame(node: child, row: parent.row + 1, x: x, width: width))
        rows = max(rows, parent.row + 2)
        x += width
      }
    }
  }
}
