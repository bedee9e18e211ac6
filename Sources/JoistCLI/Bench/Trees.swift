// SPDX-License-Identifier: Apache-2.0
//
// Binary trees that are built and dropped, so that allocation dominates: on private heaps, and as class instances for
// comparison.

import Joist

extension Scenario {
  /// Trees on a process's private heap.
  static let trees = treeScenario(
    name: "trees",
    about: "ms to build and drop binary trees on private heaps, in PROCESSES at once"
  ) { process, depth in
    try growTrees(depth, on: process.heap)
  }

  /// The same trees of reference-counted objects.
  static let treesClasses = treeScenario(
    name: "trees_classes",
    about: "ms to build and drop the same trees as class instances"
  ) { _, depth in
    try growTreesOfClasses(depth)
  }

  private static func treeScenario(
    name: String,
    about: String,
    work: @escaping @Sendable (ProcessContext<Never>, Int) throws -> Void
  ) -> Scenario {
    Scenario(
      name: name,
      about: about,
      parameters: [Parameter("depth", 8...24, .multiple(of: 2)), Parameter("processes", 1...10_000)],
      figures: [Figure("ms", "ms", "for all trees of all processes")],
      runs: [.one(16, 1), .all(16, 8)]
    ) { trial in
      let (depth, processes) = (trial.arguments[0], trial.arguments[1])
      return try trial.inProcess(of: Void.self) { main in
        let time = try milliseconds(warm: depth - 4, depth) { depth in
          try main.parallel(processes) { process in try work(process, depth) }
        }
        return Outcome(["ms": time])
      }
    }
  }
}

/// Returns the number of nodes of a complete tree of that depth.
private func nodes(_ depth: Int) -> Int { 2 << depth - 1 }

private func check(_ found: Int, _ expected: Int) throws {
  guard found == expected else { throw BenchProblem("the trees have \(found) nodes instead of \(expected)") }
}

/// Builds and drops one tree that is a level deeper, keeps one of full depth, and builds and drops many smaller ones.
private func growTrees(_ depth: Int, on heap: ProcessHeap) throws {
  try check(Node.count(try Node.make(depth + 1, on: heap), on: heap), nodes(depth + 1))
  heap.collect()
  var long = try Node.make(depth, on: heap)
  for small in stride(from: 4, through: depth, by: 2) {
    let turns = 1 << (depth - small + 4)
    var sum = 0
    for _ in 0..<turns {
      sum += Node.count(try Node.make(small, on: heap), on: heap)
      heap.collectIfNeeded(keeping: &long)
    }
    try check(sum, turns * nodes(small))
  }
  try check(Node.count(long, on: heap), nodes(depth))
}

/// A node on a private heap.
private struct Node: BitwiseCopyable, HeapTraceable {
  var left, right: HeapRef<Node>?

  mutating func trace(_ tracer: inout HeapTracer) {
    tracer.visit(&left)
    tracer.visit(&right)
  }

  static func make(_ depth: Int, on heap: ProcessHeap) throws(ProcessExit) -> HeapRef<Node> {
    guard depth > 0 else { return try heap.allocate(Node()) }
    let left = try make(depth - 1, on: heap)
    return try heap.allocate(Node(left: left, right: try make(depth - 1, on: heap)))
  }

  static func count(_ root: HeapRef<Node>, on heap: ProcessHeap) -> Int {
    let node = heap[root]
    guard let left = node.left, let right = node.right else { return 1 }
    return 1 + count(left, on: heap) + count(right, on: heap)
  }
}

/// Does the same as `growTrees` with class instances.
private func growTreesOfClasses(_ depth: Int) throws {
  try check(ClassNode(depth + 1).count(), nodes(depth + 1))
  let long = ClassNode(depth)
  for small in stride(from: 4, through: depth, by: 2) {
    let turns = 1 << (depth - small + 4)
    var sum = 0
    for _ in 0..<turns { sum += ClassNode(small).count() }
    try check(sum, turns * nodes(small))
  }
  try check(long.count(), nodes(depth))
}

private final class ClassNode {
  let left, right: ClassNode?

  init(_ depth: Int) {
    left = depth > 0 ? ClassNode(depth - 1) : nil
    right = depth > 0 ? ClassNode(depth - 1) : nil
  }

  func count() -> Int {
    guard let left, let right else { return 1 }
    return 1 + left.count() + right.count()
  }
}
