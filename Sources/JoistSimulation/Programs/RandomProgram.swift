// SPDX-License-Identifier: Apache-2.0
//
// Random programs: processes that send, receive, link, monitor, exit, suspend, wait and end as a seed says. What they
// see is written to a journal, and the model (`ProgramModel`) says whether Erlang's rules allow it.

import Joist
import Synchronization

/// What processes of a random program send each other.
enum Mail: Sendable {
  case go
  case item(Item)
  case down(subject: Int, Down)
  case exited(ExitSignal)
}

/// A message that is known again: its sequence number among those from its sender to its receiver.
struct Item: Sendable {
  let sender: Int
  let number: Int
  let tag: Int
}

/// One thing that a process of a random program does.
enum Operation {
  case send(to: Int, tag: Int)
  case receive
  case receiveTagged(Int, milliseconds: Int)
  case receiveWithin(milliseconds: Int)
  case yield
  case reduce(Int)
  case sleep(microseconds: Int)
  case link(Int)
  case monitor(Int)
  case trapExits
  case exit(Int, code: Int)
  case kill(Int)
  case suspendFor(Int, microseconds: Int)
  /// Until its own end.
  case suspend(Int)
  case setPriority(Int, Priority)

  /// Chosen by chance, in a program of that many processes.
  init(_ numbers: inout SplitMix64, processes: Int) {
    let other = Int(numbers.next() % UInt64(processes))
    let small = Int(numbers.next() % 8)
    switch numbers.next() % 32 {
    case 0...8: self = .send(to: other, tag: small & 1)
    case 9...13: self = .receive
    case 14...15: self = .receiveTagged(small & 1, milliseconds: small)
    case 16...17: self = .receiveWithin(milliseconds: small)
    case 18...19: self = .yield
    case 20: self = .reduce(small * 50)
    case 21: self = .sleep(microseconds: small * 200)
    case 22...23: self = .link(other)
    case 24...25: self = .monitor(other)
    case 26: self = .trapExits
    case 27: self = .exit(other, code: small)
    case 28: self = .kill(other)
    case 29: self = .suspendFor(other, microseconds: small * 300)
    default: self = .setPriority(other, Priority(rawValue: UInt8(small & 3))!)
    }
  }

  /// Chosen by chance for a program of kind `.slicesAndExits`: half of the operations use up a slice of that length, at
  /// once or in parts, or end another process.
  init(_ numbers: inout SplitMix64, processes: Int, sliceLength: Int) {
    let other = Int(numbers.next() % UInt64(processes))
    let part = 1 + Int(numbers.next() % 4)
    switch numbers.next() % 16 {
    case 0...3: self = .reduce(max(1, sliceLength / part - Int(numbers.next() % 4)))
    case 4...5: self = .kill(other)
    case 6: self = .exit(other, code: 1 + part)
    case 7: self = .suspend(other)
    default: self = Operation(&numbers, processes: processes)
    }
    // Nothing waits without an end, so all processes come to theirs (PM8).
    if case .receive = self { self = .receiveWithin(milliseconds: part) }
  }
}

/// How a process of a random program ends that comes to its end.
enum Ending {
  case normal
  case failure(Int)
}

/// The error of one that ends by one.
struct ProgramFailure: Error { let code: Int }

/// A program that a seed determines.
package struct RandomProgram {
  /// What a program is likely to do.
  package enum Kind: Sendable {
    /// A little of everything, with the runtime's slices.
    case mixed
    /// Its processes have short slices, which they use up, and end and suspend each other often: so that an exit comes
    /// where a slice ends.
    case slicesAndExits
  }

  private struct Script {
    var operations: [Operation]
    var ending: Ending
    var sliceLength: Int?
  }

  private let kind: Kind
  private var scripts: [Script] = []

  /// Of two to five processes.
  package init(seed: UInt64, kind: Kind = .mixed) {
    self.kind = kind
    var numbers = SplitMix64(seed: seed ^ 0x7072_6f67_7261_6d73)
    let processes = 2 + Int(numbers.next() % 4)
    for _ in 0..<processes {
      let count = 1 + Int(numbers.next() % 12)
      let sliceLength = kind == .mixed ? nil : [2, 8, 32, 128][Int(numbers.next() % 4)]
      let operations = (0..<count).map { _ in
        if let sliceLength { return Operation(&numbers, processes: processes, sliceLength: sliceLength) }
        return Operation(&numbers, processes: processes)
      }
      let ending: Ending = numbers.next() & 3 == 0 ? .failure(Int(numbers.next() % 8)) : .normal
      scripts.append(Script(operations: operations, ending: ending, sliceLength: sliceLength))
    }
  }

  /// Runs it on a simulation until that is idle; throws ``SimulationError`` when something was seen that must not be.
  package func run(on simulation: Simulation) throws {
    let journal = Journal(processes: scripts.count)
    let scripts = scripts
    simulation.runtime.spawn(Mail.self) { process in
      for number in scripts.indices {
        let script = scripts[number]
        let down: @Sendable (Down) -> Mail = { .down(subject: number, $0) }
        let options = script.sliceLength.map { SpawnOptions(reductionsPerSlice: $0) }
        let child = process.spawnMonitored(Mail.self, options: options, down: down) { process in
          try Player(process, number, journal).play(script.operations, script.ending)
        }
        journal.refs.withLock { $0.append(child.ref) }
      }
      for ref in journal.refs.withLock({ $0 }) { ref.send(.go) }
      while true {
        guard case .down(let subject, let down) = try process.receive() else { continue }
        journal.add(.ended(subject, Reason(down.reason)))
      }
    }
    try simulation.run()
    if let wrong = ProgramModel(journal, alive: journal.alive).wrong { throw SimulationError(wrong) }
    if kind == .slicesAndExits, let left = journal.alive.firstIndex(of: true) {
      throw SimulationError("PM8: \(left) lives on")
    }
  }
}
