// SPDX-License-Identifier: Apache-2.0
//
// Scenarios that compute: in one process, and in many processes on two schedulers.

import Joist

extension Scenario {
  /// Recursive calls and additions on a process's stack.
  static let compute = Scenario(
    name: "compute",
    about: "ms for the Fibonacci number INDEX, computed by recursive calls",
    parameters: [Parameter("index", 1...60)],
    figures: [Figure("ms", "ms", "for the Fibonacci number")],
    runs: [.one(35)]
  ) { trial in
    let index = trial.arguments[0]
    return try trial.inProcess(of: Void.self) { _ in
      Outcome(["ms": milliseconds(warm: index - 5, index) { Sink.take(UInt64(max(0, fibonacci($0)))) }])
    }
  }

  /// The gain by a second scheduler, which steals work from the first.
  static let steal = Scenario(
    name: "steal",
    about: "speedup by a second scheduler: PROCESSES that compute for MICROSECONDS",
    parameters: [Parameter("processes", 1...10_000_000), Parameter("microseconds", 1...1_000_000)],
    figures: [
      Figure("speedup", "×", "speed on two schedulers relative to one"),
      Figure("t1_ms", "ms", "on one scheduler"),
      Figure("t2_ms", "ms", "on two schedulers"),
    ],
    runs: [.all(10_000, 50)]
  ) { trial in
    let (processes, micros) = (trial.arguments[0], trial.arguments[1])
    let turns = turnsOfSpin(in: .microseconds(micros))
    let runtimes = try [1, 2].map { try trial.makeRuntime(schedulers: $0) }
    defer { for runtime in runtimes { runtime.shutdown() } }
    var best = [Duration](repeating: .seconds(Int32.max), count: runtimes.count)
    for _ in 0..<3 {
      for (index, runtime) in runtimes.enumerated() {
        let time = try runtime.perform(Void.self) { main in
          try ContinuousClock().measure { try main.parallel(processes) { _ in Sink.take(spin(turns)) } }
        }
        best[index] = min(best[index], time)
      }
    }
    let (one, two) = (best[0].milliseconds, best[1].milliseconds)
    return Outcome(["speedup": one / two, "t1_ms": one, "t2_ms": two])
  }
}

/// Returns the next value of Knuth's linear congruential generator; each step depends on the one before.
@inline(__always)
func turned(_ value: UInt64) -> UInt64 { value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }

/// Computes `turns` steps of the generator and returns the last value.
@inline(never)
func spin(_ turns: UInt64) -> UInt64 {
  var value = turns
  var left = turns
  while left > 0 {
    value = turned(value)
    left -= 1
  }
  return value
}

/// Returns the number of steps that take `time`, from the fastest of three probes.
private func turnsOfSpin(in time: Duration) -> UInt64 {
  let probe: UInt64 = 20_000_000
  let times = (0..<3).map { _ in ContinuousClock().measure { Sink.take(spin(probe)) } }
  return UInt64(max(1, time / (times.min() ?? time) * Double(probe)))
}

@inline(never)
private func fibonacci(_ index: Int) -> Int {
  index < 2 ? index : fibonacci(index - 1) + fibonacci(index - 2)
}
