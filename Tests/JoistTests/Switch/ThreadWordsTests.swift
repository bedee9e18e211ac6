// SPDX-License-Identifier: Apache-2.0
//
// What Swift keeps for each OS thread belongs to the process that runs: three contexts made by hand take turns on two
// threads. Each scenario runs once with the words found, and once with the exported calls alone.

import Observation
import Testing

/// The faults and the number of checks; threads that the test waits for add to them.
private final class Findings: @unchecked Sendable {
  var faults: [String] = []
  var checks = 0

  func expect(_ holds: Bool, _ fault: @autoclosure () -> String) {
    checks += 1
    if !holds { faults.append(fault()) }
  }
}

private final class Cell {
  var value = 0
}

private enum MailboxLimit {
  @TaskLocal static var number = 0
  @TaskLocal static var name = "none"
}

@Observable private final class Model {
  var early = 0
  var late = 0
}

/// Keeps an access open while the body runs.
@inline(never) private func hold(_ value: inout Int, _ body: () -> Void) {
  value += 1
  body()
  value += 1
}

/// Runs the contexts in turns until all have ended.
///
/// All run on this thread, then the first two on another one, then all on this thread again, and so on. After each turn
/// the thread must be as if nothing had run.
private func takeTurns(_ contexts: [HandMade], on here: ThreadWords, callsOnly: Bool, _ findings: Findings) {
  func turn(_ some: ArraySlice<HandMade>, on thread: ThreadWords) {
    // Reads the words directly, even if the state is saved by calls.
    let found = ThreadWords(callsOnly: false)
    for context in some where !context.hasEnded {
      context.resume(on: thread)
      findings.expect(found.areZero, "words are left on the thread")
      findings.expect(MailboxLimit.number == 0 && MailboxLimit.name == "none", "a value leaks to the thread")
    }
    found.free()
  }
  while !contexts.allSatisfy(\.hasEnded) {
    turn(contexts[...], on: here)
    onNewThread(callsOnly: callsOnly) { turn(contexts.prefix(2), on: $0) }
  }
  for context in contexts {
    findings.expect(context.carriesNothing, "an ended context carries something")
    context.free()
  }
}

/// Makes contexts on a new thread, and lets them take turns there.
private func run(callsOnly: Bool, _ make: @escaping (Findings) -> [HandMade]) -> Findings {
  let findings = Findings()
  onNewThread(callsOnly: callsOnly) { here in
    findings.expect(here.areFound != callsOnly, "the words are not found, or found though they should not be")
    takeTurns(make(findings), on: here, callsOnly: callsOnly, findings)
  }
  return findings
}

#if os(Linux)
  private let ways = [false, true]
#else
  private let ways = [true]
#endif

@Suite struct ThreadWordsTests {
  @Test(arguments: ways) func `C2: open accesses of one context do not conflict with those of another`(callsOnly: Bool)
  {
    let findings = run(callsOnly: callsOnly) { findings in
      let (shared, other) = (Cell(), Cell())
      var captured = 0
      return [
        HandMade { context in  // Opens two accesses, one within the other.
          hold(&shared.value) {
            context.suspend()
            hold(&other.value) {
              context.suspend()
              context.suspend()
            }
            context.suspend()
          }
        },
        HandMade { context in  // Accesses a captured variable, and the cell that the first context accesses.
          hold(&captured) {
            context.suspend()
            hold(&other.value) { context.suspend() }
            context.suspend()
          }
        },
        HandMade { context in  // Would conflict with both if they were one process.
          hold(&shared.value) {
            context.suspend()
            hold(&captured) { context.suspend() }
          }
          hold(&other.value) { context.suspend() }
        },
      ]
    }
    #expect(findings.faults == [])
    #expect(findings.checks > 10)
  }

  @Test(arguments: ways) func `C2: a bound task-local value is read by the context that bound it`(callsOnly: Bool) {
    let findings = run(callsOnly: callsOnly) { findings in
      func look(_ number: Int, _ name: String, _ context: HandMade) {
        for _ in 0..<2 {
          let read = (MailboxLimit.number, MailboxLimit.name)
          findings.expect(read == (number, name), "read \(read), bound \((number, name))")
          context.suspend()
        }
      }
      return (1...3).map { number in
        HandMade { context in
          look(0, "none", context)
          MailboxLimit.$number.withValue(number) {
            look(number, "none", context)
            MailboxLimit.$name.withValue("\(number)") { look(number, "\(number)", context) }
            if number > 1 { look(number, "none", context) }
          }
          look(0, "none", context)
        }
      }
    }
    #expect(findings.faults == [])
    #expect(findings.checks > 20)
  }

  @Test(arguments: ways) func `C2: each context tracks only its own observations`(callsOnly: Bool) {
    let models = [Model(), Model(), Model()]
    let told = [Findings(), Findings(), Findings()]
    let findings = run(callsOnly: callsOnly) { findings in
      zip(models, told).map { model, told in
        HandMade { context in
          withObservationTracking {
            _ = model.early
            findings.expect(context.thread?.observation != 0, "the word of Observation is not found")
            context.suspend()
            context.suspend()
            _ = model.late
          } onChange: {
            told.checks += 1
          }
        }
      }
    }
    #expect(findings.faults == [])
    models[0].late += 1
    #expect(told.map(\.checks) == [1, 0, 0])
    models[2].early += 1
    #expect(told.map(\.checks) == [1, 0, 1])
  }

  @Test(arguments: ways) func `C2: caught C++ exceptions stay with their context`(callsOnly: Bool) {
    let findings = run(callsOnly: callsOnly) { findings in
      (1...3).map { number in
        HandMade { context in
          let mine: (caught: UInt, uncaught: UInt32) = (UInt(number) * 0x1000, UInt32(number))
          context.thread?.exceptions = mine
          for _ in 0..<3 {
            context.suspend()
            findings.expect(context.thread.map { $0.exceptions == mine } ?? false, "not the exceptions of \(number)")
          }
          context.thread?.exceptions = (0, 0)
          context.suspend()
          findings.expect(context.thread?.areZero ?? false, "ended exceptions came back")
        }
      }
    }
    #expect(findings.faults == [])
  }

  @Test(arguments: ways) func `C2: a context that dies with accesses open leaves nothing behind`(callsOnly: Bool) {
    let findings = Findings()
    onNewThread(callsOnly: callsOnly) { here in
      let cell = Cell()
      let dying = HandMade { context in
        hold(&cell.value) { MailboxLimit.$number.withValue(1) { context.suspend() } }
      }
      dying.resume(on: here)
      findings.expect(!dying.carriesNothing, "it carries nothing although an access is open")
      dying.forget()
      findings.expect(dying.carriesNothing, "it still carries something")
      dying.free()
      hold(&cell.value) { findings.expect(MailboxLimit.number == 0, "a dead context's value is read") }
      findings.expect(here.areZero, "words are left on the thread")
    }
    #expect(findings.faults == [])
  }

  @Test(arguments: ways) func `C2: no memory is kept for a context that has nothing open`(callsOnly: Bool) {
    let findings = run(callsOnly: callsOnly) { findings in
      [
        HandMade { context in
          context.suspend()
          findings.expect(context.carriesNothing != callsOnly, "a block without need, or none where calls need it")
        }
      ]
    }
    #expect(findings.faults == [])
  }
}
