// SPDX-License-Identifier: Apache-2.0
//
// NUMA nodes: which processors are near which memory.
// NU1. A regular scheduler's thread stays on the processors of one node, and a spare one's on those of the scheduler
//      that it stands in for. So what they are the first to touch is that node's memory. Regular schedulers are spread
//      over the nodes as processors are, those of a node with numbers in a row.
// NU2. Free records, slots and blocks go back to the node whose memory they are, when they leave a scheduler's own
//      cache, and are taken from there.
// NU3. Thieves look at the schedulers of their own node first; whoever wakes a scheduler, wakes one of his own node if
//      one sleeps; and what a thread outside makes ready goes to a scheduler of the node that it runs on.
// NU4. Where there is one node, all this is nothing but a comparison off the common path.

/// The nodes of a machine that this program has processors of.
package struct NumaTopology: Sendable, Equatable {
  /// The processors of each node, by the system's numbers.
  package let processors: [[Int]]
  /// The node of each processor.
  private let nodes: [Int]

  /// One node at least; what is beyond the most that are told apart is in the last one.
  package init(_ nodes: [[Int]]) {
    let useful = nodes.filter { !$0.isEmpty }
    let few = useful.prefix(Limits.numaNodesMost - 1)
    let rest = useful.dropFirst(few.count).flatMap { $0 }
    processors = few + (rest.isEmpty && !few.isEmpty ? [] : [rest])
    var nodes = [Int](repeating: 0, count: (processors.joined().max() ?? 0) + 1)
    for (node, processors) in processors.enumerated() { for processor in processors { nodes[processor] = node } }
    self.nodes = nodes
  }

  /// A machine without nodes.
  package static let single = NumaTopology([])

  /// How many there are.
  package var count: Int { processors.count }

  /// Which regular schedulers each node has, of so many (NU1).
  package func share(_ schedulers: Int) -> [Range<Int>] {
    let total = max(1, processors.reduce(0) { $0 + $1.count })
    var before = 0
    return processors.map { node in
      let first = schedulers * before / total
      before += node.count
      return first..<(count == 1 ? schedulers : schedulers * before / total)
    }
  }

  /// The node of a processor; the first where nobody knows.
  package func node(ofProcessor processor: Int) -> Int { nodes.indices.contains(processor) ? nodes[processor] : 0 }
}

extension NumaTopology {
  /// What Linux says, by small files, of processors that this program may run on.
  package static func read(_ file: (String) -> String?, isAllowed: (Int) -> Bool) -> NumaTopology {
    let folder = "/sys/devices/system/node"
    guard let nodes = numbers(inList: file("\(folder)/online")), nodes.count > 1 else { return single }
    return NumaTopology(
      nodes.map { node in (numbers(inList: file("\(folder)/node\(node)/cpulist")) ?? []).filter(isAllowed) }
    )
  }

  /// Of a list as Linux writes it, "0-3,8": every number, or nil for anything that is not such a list.
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
