// SPDX-License-Identifier: Apache-2.0
//
// Crashes of tasks in a program that has Swift's runtime linked in. Prints how each guarded call ends.

import Joist
import JoistConcurrency

@inline(never) private func crash() -> Int { [1][CommandLine.arguments.count + 9] }

@inline(never) private func descend(_ depth: Int) -> Int {
  depth == 0 ? 0 : descend(depth - 1) &+ CommandLine.arguments.count
}

private actor Till { func open() -> Int { crash() } }

@main
struct Contained {
  static func main() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 2))
    try runtime.takeOverTasks(.init(actorCrash: .unlocksActor))
    func end(_ body: @escaping @Sendable () async throws -> Int) async -> String {
      do { return "\(try await runtime.contain(body))" } catch let crash as ContainedCrash {
        if case .stackOverflow = crash.reason { return "overflow" }
        return crash.trap?.message ?? "crash"
      } catch { return "\(error)" }
    }
    let till = Till()
    print(await end { 7 })
    print(await end { crash() }.contains("Index out of range"))
    print(await end { fatalError("deliberate") }.contains("deliberate"))
    print(
      await end {
        async let child = crash()
        return await child
      }.contains("Index out of range")
    )
    print(await end { descend(100_000_000) })
    print(await end { await till.open() }.contains("Index out of range"))
    print(
      await end {
        await Task.yield()
        return 8
      }
    )
    await runtime.shutdown()
  }
}
