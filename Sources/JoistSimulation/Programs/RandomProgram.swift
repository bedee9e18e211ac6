// SPDX-License-Identifier: Apache-2.0
//
// Random programs: processes that send, receive, link, monitor, exit, suspend, wait and end, as a seed determines. They
// record what they observe in a journal, and the model (`ProgramModel`) checks that Erlang's rules allow it.

import Joist
import Synchronization

/// A message of a random program.
enum Mail: Sendable {
  case go
  case item(Item)
  case down(subject: Int, Down)
  case exited(ExitSignal)
}

/// The identity of a message between processes of the program.
struct Item: Sendable {
  let sender: Int
  /// Its sequence number among the messages from its sender to its receiver.
  let number: Int
  let tag: Int
}

/// An operation of a process of a random program.
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
  /// Suspends a process until the suspending process ends.
  case suspend(Int)
  case setPriority(Int, Priority)

  /// Chooses a random operation for a program with `processes` processes.
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

  /// Chooses a random operation for a program of kind `.slicesAndExits`.
  ///
  /// Half of these operations use up all or part of a slice of `sliceLength` reductions, or end or suspend another
  /// process.
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
    // No process waits without a timeout, so all processes end (PM8).
    if case .receive = self { self = .receiveWithin(milliseconds: part) }
  }
}

/// How a process ends that has performed its whole script.
enum Ending {
  case normal
  case failure(Int)
}

/// The error that a process ends with.
struct ProgramFailure: Error { let code: Int }

/// A program determined by a seed.
package struct RandomProgram {
  /// The mix of operations of a program.
  package enum Kind: Sendable {
    /// All operations, with slices of the runtime's length.
    case mixed
    /// Processes with short slices, which they use up, that often end and suspend each other.
    ///
    /// Exit signals then often arrive at the end of a slice.
    case slicesAndExits
  }

  private struct Script {
    var operations: [Operation]
    var ending: Ending
    var sliceLength: Int?
  }

  private let kind: Kind
  private var scripts: [Script] = []

  /// Creates the program of a seed, with two to five processes.
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

  /// Runs the program on a simulation until the simulation is idle.
  ///
  /// Throws a ``SimulationError`` when the processes observed what Erlang's rules do not allow.
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
    if let violation = ProgramModel(journal, alive: journal.alive).violation { throw SimulationError(violation) }
    if kind == .slicesAndExits, let left = journal.alive.firstIndex(of: true) {
      throw SimulationError("PM8: process \(left) has not ended")
    }
  }
}
