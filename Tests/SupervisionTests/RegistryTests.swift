// SPDX-License-Identifier: Apache-2.0
//
// Registries: processes found by keys.

import Joist
import JoistSupervision
import Synchronization
import TestSupport
import Testing

/// A key that traps in `==` or `hash(into:)` on request, and reads the registry's count in its `deinit`.
private final class Key: Hashable, Sendable {
  enum Trap { case none, equality, hash }
  static let registry = Mutex<(@Sendable () -> Int)?>(nil)
  private let number: Int
  private let trap: Trap

  init(_ number: Int, trap: Trap = .none) {
    self.number = number
    self.trap = trap
  }

  deinit { if let ask = Self.registry.withLock({ $0 }) { _ = ask() } }

  static func == (a: Key, b: Key) -> Bool {
    if a.trap == .equality || b.trap == .equality { fatalError("equality") }
    return a.number == b.number
  }

  /// All keys have the same hash, so each lookup calls `==`.
  func hash(into hasher: inout Hasher) {
    if trap == .hash { fatalError("hash") }
    hasher.combine(0)
  }
}

@Suite struct RegistryTests {
  private struct Room: Hashable { let number: Int }

  @Test(arguments: [false, true])
  func `P5: a key that traps ends only its caller, and the registry keeps working`(areMany: Bool) throws {
    let simulation = try HandDriven()
    let registry = try Registry<Key, Int>.start(on: simulation.runtime, keys: areMany ? .duplicate : .unique)
    let refs = (0..<3).map { _ in sleeper(simulation) }
    for (number, ref) in refs.enumerated() { try registry.register(ref, as: Key(number)) }
    let uses: [@Sendable (Key) throws -> Void] = [
      { _ = registry.lookup($0) }, { _ = registry.all($0) }, { registry.unregister(refs[0], from: $0) },
      { try registry.register(refs[0], as: $0) }, { registry.dispatch(7, to: $0) },
    ]
    for use in uses {
      for trap in [Key.Trap.equality, .hash] { simulation.runtime.spawn { _ in try use(Key(2, trap: trap)) } }
    }
    simulation.run()
    #expect(simulation.runtime.statistics.trapsContained == 10)
    #expect(registry.count == 3 && registry.lookup(Key(1)) == refs[1])
    refs[1].send(0)
    simulation.run()
    #expect(registry.count == 2 && registry.lookup(Key(1)) == nil && registry.keys(of: refs[0]) == [Key(0)])
  }

  @Test func `P5: the deinit of a key can use the registry`() throws {
    let simulation = try HandDriven()
    let registry = try Registry<Key, Int>.start(on: simulation.runtime)
    Key.registry.withLock { $0 = { registry.count } }
    defer { Key.registry.withLock { $0 = nil } }
    let (first, second) = (sleeper(simulation), sleeper(simulation))
    try registry.register(first, as: Key(1))
    try registry.register(first, as: Key(2))
    try registry.register(second, as: Key(3))
    registry.unregister(first, from: Key(1))
    first.send(0)
    simulation.run()
    #expect(registry.count == 1 && registry.lookup(Key(3)) == second)
  }

  @Test func `M4: the keys of a process that has ended are destroyed`() throws {
    let simulation = try HandDriven()
    let registry = try Registry<Key, Int>.start(on: simulation.runtime)
    let ref = sleeper(simulation)
    weak var key: Key?
    do {
      let made = Key(1)
      key = made
      try registry.register(ref, as: made)
    }
    #expect(key != nil)
    ref.send(0)
    simulation.run()
    #expect(key == nil && registry.count == 0)
  }

  @Test func `M4: a unique key finds its process until the process ends`() throws {
    let simulation = try HandDriven()
    let registry = try Registry<Room, Int>.start(on: simulation.runtime)
    let ref = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
    try registry.register(ref, as: Room(number: 1))
    try registry.register(ref, as: Room(number: 1))
    try registry.register(ref, as: Room(number: 2))
    #expect(registry.lookup(Room(number: 1)) == ref && registry.lookup(Room(number: 3)) == nil)
    #expect(registry.count == 2 && registry.keys(of: ref) == [Room(number: 1), Room(number: 2)])
    ref.send(1)
    simulation.run()
    #expect(registry.lookup(Room(number: 1)) == nil && registry.count == 0 && registry.keys(of: ref).isEmpty)
  }

  @Test func `M4: a unique key has one holder until that has ended, even if the watcher has not seen the end`() throws {
    let simulation = try HandDriven()
    let registry = try Registry<String, Int>.start(on: simulation.runtime)
    let (first, second) = (sleeper(simulation), sleeper(simulation))
    try registry.register(first, as: "a")
    #expect(throws: RegistryError.taken(by: first.id)) { try registry.register(second, as: "a") }
    simulation.runtime.spawn { process in
      first.exit(.killed)
      while first.isAlive { try process.yield() }
      try registry.register(second, as: "a")  // the watcher has not run yet
    }
    simulation.run()
    #expect(registry.lookup("a") == second && registry.count == 1)
    #expect(throws: RegistryError.noProcess) { try registry.register(first, as: "b") }
  }

  @Test func `M4: a duplicate key finds all its processes in registration order, and dispatch reaches each`() throws {
    let simulation = try HandDriven()
    let registry = try Registry<String, Int>.start(on: simulation.runtime, keys: .duplicate)
    let log = Log<Int>()
    let refs = (0..<40).map { number in
      simulation.runtime.spawn(Int.self) { log.add(number * 100 + (try $0.receive())) }
    }
    for ref in refs { try registry.register(ref, as: "all") }
    for ref in refs where ref != refs[0] && ref != refs[20] && ref != refs[39] {
      registry.unregister(ref, from: "all")
    }
    #expect(registry.all("all") == [refs[0], refs[20], refs[39]] && registry.count == 3)
    #expect(registry.dispatch(7, to: "all") == 3 && registry.dispatch(7, to: "none") == 0)
    simulation.run()
    #expect(log.entries == [7, 2_007, 3_907])
    #expect(registry.count == 0)
  }

  @Test func `M4: removing members in any order keeps the order of the others`() throws {
    let simulation = try HandDriven()
    let registry = try Registry<Int, Int>.start(on: simulation.runtime, keys: .duplicate)
    var refs = (0..<100).map { _ in sleeper(simulation) }
    for ref in refs { try registry.register(ref, as: 0) }
    for step in [7, 3, 11, 1] {
      for place in stride(from: refs.count - 1, through: 0, by: -step).prefix(refs.count / 2) {
        registry.unregister(refs.remove(at: place), from: 0)
      }
      let late = sleeper(simulation)
      refs.append(late)
      try registry.register(late, as: 0)
      #expect(registry.all(0) == refs && registry.count == refs.count)
    }
  }

  @Test(.timeLimit(.minutes(15)))
  func `M4: an end that races with the registration is not missed`() throws {
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      let registry = try Registry<Int, Int>.start(on: runtime, keys: .duplicate)
      for number in 0..<many(2_000) {
        let ref = runtime.spawn(Int.self) { try $0.yield() }
        try? registry.register(ref, as: number % 10)
      }
      runtime.waitUntilIdle()
      #expect(registry.count == 0)
    }
  }

  @Test func `M4: the watcher ends with its registry`() throws {
    let simulation = try HandDriven()
    do { _ = try Registry<Int, Int>.start(on: simulation.runtime) }
    simulation.run()
    #expect(simulation.runtime.processes.isEmpty)
  }

  private func sleeper(_ simulation: HandDriven) -> ProcessRef<Int> {
    simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
  }
}
