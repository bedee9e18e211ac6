// SPDX-License-Identifier: Apache-2.0
//
// The colours of a flame graph: one for each module, pale enough for dark text to be read on it.

/// Which colour each module has.
struct FlamePalette {
  /// The colour of the frame for the whole program, and of modules beyond the palette.
  static let neutral = "#dcdcd6"
  /// Pale colours that neighbours can be told apart by, the calmest first.
  private static let colors = [
    "#a9c9e6", "#f3cf9b", "#b7dcae", "#e6b8c2", "#cdbfe6", "#a8dcd6", "#e6dd9c", "#d9c2a9", "#c3cfa2", "#b9c0d6",
  ]

  /// The modules with a colour of their own, those with the largest values first.
  let modules: [String]
  private let colorOfModule: [String: String]

  /// Gives the modules of a tree their colours, by the values of what they do themselves.
  init(_ tree: FlameTree) {
    var own = tree.nodes.map(\.value)
    for node in tree.nodes where node.parent >= 0 { own[node.parent] -= node.value }
    var values: [String: Int64] = [:]
    for (index, node) in tree.nodes.enumerated() where node.parent >= 0 {
      values[tree.modules[node.name], default: 0] &+= max(0, own[index])
    }
    let sorted = values.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    modules = sorted.prefix(Self.colors.count).map(\.key)
    colorOfModule = Dictionary(uniqueKeysWithValues: zip(modules, Self.colors))
  }

  /// Returns the colour of a module, as CSS has it.
  func color(of module: String) -> String { colorOfModule[module] ?? Self.neutral }
}
