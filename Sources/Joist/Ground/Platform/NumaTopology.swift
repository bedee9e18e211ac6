// SPDX-License-Identifier: Apache-2.0
//
// NUMA nodes: the processors near each part of the memory.
// NU1. The thread of a regular scheduler stays on the processors of one node, and that of a spare scheduler on those of
//      the scheduler that it stands in for. So memory that they touch first comes from that node. Regular schedulers
//      are distributed over the nodes in proportion to the processors; those of one node have consecutive numbers.
// NU2. Free records, slots and blocks return to the node of their memory when they leave a scheduler's cache, and are
//      taken from there.
// NU3. A thief looks at the schedulers of its own node first, and so does a scheduler that balances its load (BA2). But
//      urgent work is taken from any node. A thread that wakes a scheduler wakes one of its own node if one sleeps. A
//      process that a thread outside of the runtime makes ready goes to a scheduler of the node that the thread runs
//      on.
// NU4. On a machine with one node all of this costs only a comparison off the common path.

/// The NUMA nodes whose processors the program may use.
package struct NumaTopology: Sendable, Equatable {
  /// The processors of each node, by the system's numbers.
  package let processors: [[Int]]
  /// The node of each processor.
  private let nodes: [Int]

  /// Makes a topology of at least one node; nodes beyond the maximum that are told apart are merged into the last one.
  package init(_ nodes: [[Int]]) {
    let useful = nodes.filter { !$0.isEmpty }
    let few = useful.prefix(Limits.maxNumaNodes - 1)
    let rest = useful.dropFirst(few.count).flatMap { $0 }
    processors = few + (rest.isEmpty && !few.isEmpty ? [] : [rest])
    var nodes = [Int](repeating: 0, count: (processors.joined().max() ?? 0) + 1)
    for (node, processors) in processors.enumerated() { for processor in processors { nodes[processor] = node } }
    self.nodes = nodes
  }

  /// The topology of a machine without NUMA nodes.
  package static let single = NumaTopology([])

  /// The number of nodes.
  package var count: Int { processors.count }

  /// Returns the range of regular schedulers that each node gets, given their count (NU1).
  package func share(_ schedulers: Int) -> [Range<Int>] {
    let total = max(1, processors.reduce(0) { $0 + $1.count })
    var before = 0
    return processors.map { node in
      let first = schedulers * before / total
      before += node.count
      return first..<(count == 1 ? schedulers : schedulers * before / total)
    }
  }

  /// Returns the node of a processor; the first node if it is not known.
  package func node(ofProcessor processor: Int) -> Int { nodes.indices.contains(processor) ? nodes[processor] : 0 }
}

extension NumaTopology {
  /// Reads the topology from Linux's small files, restricted to processors that this program may run on.
  package static func read(_ file: (String) -> String?, isAllowed: (Int) -> Bool) -> NumaTopology {
    let folder = "/sys/devices/system/node"
    guard let nodes = numbers(inList: file("\(folder)/online")), nodes.count > 1 else { return single }
    return NumaTopology(
      nodes.map { node in (numbers(inList: file("\(folder)/node\(node)/cpulist")) ?? []).filter(isAllowed) }
    )
  }

  /// Returns every number of a list that Linux writes as "0-3,8"; nil for anything that is not such a list.
  package static func numbers(inList line: String?) -> [Int]? {
    var numbers: [Int] = []
    for part in line?.split(whereSeparator: { $0 == "," || $0.isWhitespace }) ?? [] {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], 0 <= first, first <= last,
        last - first < 1 << 16
      else { return nil }
      numbers += first...last
    }
    return numbers.isEmpty ? nil : numbers
  }
}
