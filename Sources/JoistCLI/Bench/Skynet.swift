// SPDX-License-Identifier: Apache-2.0
//
// The scenario of a tree of processes with ten children each, in which sums travel from the leaves to the root.

import Joist

extension Scenario {
  /// The whole tree, from the first spawn to the sum.
  static let skynet = Scenario(
    name: "skynet",
    about: "ms for a tree of processes, ten children each, that sums its LEAVES",
    parameters: [Parameter("leaves", 100...10_000_000, .powerOfTen)],
    figures: [Figure("ms", "ms", "for the whole tree")],
    runs: [.one(1_000_000), .all(1_000_000)]
  ) { trial in
    let leaves = trial.arguments[0]
    return try trial.inProcess(of: Int.self) { main in
      let time = try milliseconds(warm: leaves / 100, leaves) { leaves in
        let root = main.ref
        main.spawn(Int.self) { process in try grow(process, root, 0, leaves) }
        let sum = try main.receive()
        guard sum == leaves * (leaves - 1) / 2 else { throw BenchProblem("skynet: the sum is \(sum)") }
      }
      return Outcome(["ms": time])
    }
  }
}

/// Runs the body of a node with `leaves` leaves, of which `number` is the first; sends their sum to `parent`.
private func grow(_ process: ProcessContext<Int>, _ parent: ProcessRef<Int>, _ number: Int, _ leaves: Int) throws {
  if leaves == 1 { return parent.send(number) }
  let own = process.ref
  let part = leaves / 10
  for child in 0..<10 {
    process.spawn(Int.self) { process in try grow(process, own, number + child * part, part) }
  }
  var sum = 0
  for _ in 0..<10 { sum += try process.receive() }
  parent.send(sum)
}
