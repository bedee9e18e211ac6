// SPDX-License-Identifier: Apache-2.0
//
// Collections of private heaps whose objects are of types with `@HeapTraceable`.

#if Macros
  import Joist
  import JoistMacros
  import TestSupport
  import Testing

  @HeapTraceable
  private struct Node: BitwiseCopyable {
    var number: Int
    var next: HeapRef<Node>?
    let isLast: Bool
  }

  @HeapTraceable
  private enum Shape: BitwiseCopyable {
    case point
    case line(from: HeapRef<Node>, to: HeapRef<Node>)
    case cloud(HeapArray<Shape>, count: Int)
  }

  /// A generic type with a traceable part and a part without references.
  @HeapTraceable
  private struct Pair<First: HeapTraceable, Second: Sendable>: HeapTraceable {
    var first: First
    var second: Second
    var mixed: (First?, number: Int)
  }

  private final class File {}

  /// A type with every kind of property.
  @HeapTraceable
  private struct State {
    @HeapTraceable
    struct Entry {
      var name: String
      var ref: HeapRef<Node>
    }

    enum Mode: Int {
      case fast
      case slow
    }

    var list: HeapRef<Node>?
    var many: [HeapRef<Node>] = []
    var byName: [String: Entry] = [:]
    var shape = Shape.point
    var pair: Pair<HeapRef<Node>, Mode>?
    var both: (HeapRef<Node>?, Int) = (nil, 0)
    var mode = Mode.slow
    var modes: [String: [Mode?]] = [:]
    var changes = 0
    var watched = 1 { didSet { changes += 1 } }
    lazy var late = change()
    let id = "state"
    @HeapIgnored let heap: ProcessHeap
    @HeapIgnored var file = File()
    @HeapIgnored var forgotten: HeapRef<Node>?

    mutating func change() -> Int {
      changes += 1
      return changes
    }
  }

  @Suite struct TracingTests {
    /// Runs a body in a process of its own, and returns its result and the exit reason of the process.
    private func inProcess<Result: Sendable>(
      _ body: @escaping @Sendable (ProcessHeap) throws -> Result
    ) throws -> (result: Result?, end: ExitReason) {
      let (log, ends) = (Log<Result>(), Log<ExitReason>())
      _ = try withRuntime { runtime in
        runtime.spawn(Down.self) { process in
          process.spawnMonitored(down: { $0 }) { process in log.add(try body(process.heap)) }
          ends.add(try process.receive().reason)
        }
      }
      return (log.entries.first, try #require(ends.entries.first))
    }

    @Test func `P4: a type with the macro keeps the objects that any of its properties refers to`() throws {
      let (sums, end) = try inProcess { heap -> [Int] in
        func node(_ number: Int) throws -> HeapRef<Node> {
          let last = try heap.allocate(Node(number: number, isLast: true))
          return try heap.allocate(Node(number: 100 * number, next: last, isLast: false))
        }
        func sum(_ node: HeapRef<Node>?) -> Int {
          guard let node = node.map({ heap[$0] }) else { return 0 }
          return node.number + sum(node.next)
        }
        var state = State(heap: heap)
        state.list = try node(1)
        state.many = [try node(2), try node(3)]
        state.byName["a"] = State.Entry(name: "a", ref: try node(4))
        let lines = try heap.allocateArray([Shape.line(from: try node(5), to: try node(6)), .point])
        state.shape = .cloud(lines, count: 2)
        state.pair = Pair(first: try node(7), second: .slow, mixed: (try node(8), 0))
        state.both.0 = try node(9)
        let size = heap.statistics.youngBytes
        for round in 0..<3 {
          for number in 0..<100 { _ = try node(number) }
          heap.collect(keeping: &state, fully: round == 1)
        }
        guard case .cloud(let shapes, 2) = state.shape else { return [] }
        guard case .line(let from, let to) = heap[shapes, 0], case .point = heap[shapes, 1] else { return [] }
        let parts = [
          state.list, state.many[0], state.many[1], state.byName["a"]?.ref, from, to, state.pair?.first,
          state.pair?.mixed.0, state.both.0,
        ]
        return parts.map(sum) + [state.changes, heap.statistics.oldBytes - size]
      }
      let expected: [Int] = (1...9).map { $0 * 101 } + [0, 0]
      #expect(sums == expected, "\(end)")
    }

    @Test func `P4: a reference in an ignored property is stale after a collection`() throws {
      let (number, end) = try inProcess { heap in
        var state = State(heap: heap)
        state.list = try heap.allocate(Node(number: 1, isLast: true))
        state.forgotten = try heap.allocate(Node(number: 2, isLast: true))
        heap.collect(keeping: &state)
        #expect(heap[state.list!].number == 1)
        return heap[state.forgotten!].number
      }
      guard case .trap = end else { return #expect(Bool(false), "\(number as Int?), \(end)") }
      #expect(number == nil)
    }

    @Test func `P4: a graph of objects of a type with the macro can be sent`() throws {
      let (number, end) = try inProcess { heap in
        let last = try heap.allocate(Node(number: 3, isLast: true))
        let copy = try heap.copy(try heap.allocate(Shape.line(from: last, to: last)))
        guard case .line(let from, let to) = heap[try heap.adopt(copy)], from == to, from != last else { return 0 }
        return heap[from].number
      }
      #expect(number == 3, "\(end)")
    }
  }
#endif
