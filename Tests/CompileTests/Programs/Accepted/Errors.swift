// SPDX-License-Identifier: Apache-2.0
//
// A body can throw any error, and catches its exit as a `ProcessExit`.

import Joist

struct Refused: Error {}

func check(_ number: Int) throws { if number < 0 { throw Refused() } }

func untyped(_ process: ProcessContext<Int>) throws {
  do { _ = try process.receive() } catch {
    print(error.reason)
    throw error
  }
  do { try check(try process.receive()) } catch let exit as ProcessExit { throw exit } catch { print(error) }
}

func spawn(_ runtime: ProcessRuntime) {
  runtime.spawn(Int.self, untyped)
  runtime.spawn(Int.self) { process in
    while true { if try process.receive() == 0 { throw Refused() } }
  }
}
