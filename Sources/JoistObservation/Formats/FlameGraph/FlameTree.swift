// SPDX-License-Identifier: Apache-2.0
//
// The tree behind a flame graph: stacks that begin with the same functions share a path from the root.

/// Stacks merged into a tree, whose nodes are flat arrays, so that deep stacks need no recursion.
struct FlameTree {
  /// The number of frames of a stack that are drawn, from the outermost on; it bounds the height of the picture.
  static let maxDepth = 120
  /// The number of nodes, which bounds the memory; stacks that would need more end at their last known node.
  static let maxNodes = 1_000_000

  /// A function in the context of its callers.
  struct Node {
    let parent: Int
    /// The index in `names`.
    let name: Int
    let depth: Int
    /// The sum of the values of all stacks through it.
    var value: Int64 = 0
    /// The first of its children, and the next child of its parent; -1 if there is none.
    var firstChild = -1
    var nextSibling = -1
  }

  /// The nodes; the first is the root, which stands for the whole program.
  private(set) var nodes: [Node]
  private(set) var names: [String]
  /// A shorter form of each name, for narrow frames, and its module.
  private(set) var shortNames, modules: [String]
  /// The number of samples whose stacks are deeper than the picture.
  private(set) var cutSamples = 0

  /// Merges the samples of a profile that have a positive value.
  init(_ profile: StackProfile) {
    nodes = [Node(parent: -1, name: 0, depth: 0)]
    names = [profile.programName]
    shortNames = [profile.programName]
    modules = [""]
    var indices: [String: Int] = [:]
    var nameOfFrame: [Int] = []
    for frame in profile.frames {
      let label = frame.label
      if indices[label] == nil {
        indices[label] = names.count
        names.append(label)
        shortNames.append(frame.shortLabel)
        modules.append(frame.module)
      }
      nameOfFrame.append(indices[label] ?? 0)
    }
    var children: [UInt64: Int] = [:]
    for sample in profile.samples where sample.value > 0 {
      var node = 0
      add(sample.value, to: 0)
      if sample.stack.count > Self.maxDepth { cutSamples += 1 }
      for frame in sample.stack.reversed().prefix(Self.maxDepth) {
        guard let child = child(of: node, named: nameOfFrame[Int(frame)], &children) else { break }
        add(sample.value, to: child)
        node = child
      }
    }
  }

  /// Returns the children of a node, the one with the largest value first.
  func children(of node: Int) -> [Int] {
    var result: [Int] = []
    var child = nodes[node].firstChild
    while child >= 0 {
      result.append(child)
      child = nodes[child].nextSibling
    }
    return result.sorted { one, other in
      if nodes[one].value != nodes[other].value { return nodes[one].value > nodes[other].value }
      return names[nodes[one].name] < names[nodes[other].name]
    }
  }

  /// Adds a value to a node; a sum beyond the largest number stays there.
  private mutating func add(_ value: Int64, to node: Int) {
    let (sum, overflow) = nodes[node].value.addingReportingOverflow(value)
    nodes[node].value = overflow ? .max : sum
  }

  /// Returns the child with that name, which is added if there is none; nil if the tree is full.
  private mutating func child(of parent: Int, named name: Int, _ known: inout [UInt64: Int]) -> Int? {
    let key = UInt64(parent) << 32 | UInt64(name)
    if let child = known[key] { return child }
    guard nodes.count < Self.maxNodes else { return nil }
    nodes.append(Node(parent: parent, name: name, depth: nodes[parent].depth + 1))
    let child = nodes.count - 1
    nodes[child].nextSibling = nodes[parent].firstChild
    nodes[parent].firstChild = child
    known[key] = child
    return child
  }
}
