// SPDX-License-Identifier: Apache-2.0
//
// Programs that have no descriptors left, and programs that close the runtime's descriptors.

#if os(Linux)
  import CFaultProbe
  import Foundation
  import Joist
  import TestSupport
  import Testing

  @Suite struct LostDescriptorTests {
    @Test func `I2: a descriptor wait throws while no descriptors are left, and works once some are free`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        probe_end_after(60, "a descriptor wait while no descriptors are left")
        let runtime = try ProcessRuntime(.init(schedulers: 1, slots: 64))
        let (log, pair) = (Log<String>(), try Pair())
        _ = Pair.write(pair.far, 1)
        let taken = try takeAllDescriptors()
        @Sendable func wait(_ process: ProcessContext<Never>) {
          do { log.add("\(try process.waitReadable(pair.near))") } catch { log.add("\(error)") }
        }
        runtime.spawn { wait($0) }
        await runtime.waitUntilIdle()
        close(taken[0])
        runtime.spawn { wait($0) }
        await runtime.waitUntilIdle()
        for descriptor in taken[1...2] { close(descriptor) }
        runtime.spawn { wait($0) }
        while log.entries.count < 3 { sched_yield() }
        let sentence = "this runtime cannot wait for descriptor \(pair.near): the program has no descriptors left"
        let isRight = log.entries[..<2].allSatisfy { $0.hasPrefix(sentence) } && log.entries[2] == "true"
        let survivors = await runtime.shutdown()
        exit(isRight && survivors.isEmpty ? 0 : 2)
      }
    }

    @Test func `I2: the memory limit holds while no descriptors are left`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let before = HostPlatform.shared.residentBytes()
        let runtime = try ProcessRuntime(.init(schedulers: 1, slots: 64, memoryLimit: before + (64 << 20)))
        try runtime.trySpawn(Int.self) { _ in }
        await runtime.waitUntilIdle()
        _ = try takeAllDescriptors()
        var taken = [UInt8](repeating: 1, count: 128 << 20)
        if HostPlatform.shared.residentBytes() < before + (120 << 20) { exit(2) }
        runtime.lookAtMemory()
        do throws(SpawnError) { try runtime.trySpawn(Int.self) { _ in } } catch {
          guard case .memoryLimit = error, taken[1_000] == 1 else { exit(3) }
          taken = []
          try runtime.trySpawn(Int.self) { _ in }
          exit(0)
        }
        exit(4)
      }
    }

    @Test func `I2: memory is still measured after the program has closed all descriptors and opened others`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        let before = HostPlatform.shared.residentBytes()
        closefrom(3)
        let others = (0..<20).map { _ in open("/dev/zero", O_RDONLY) }
        _ = try takeAllDescriptors()
        let after = HostPlatform.shared.residentBytes()
        let stillOpen = others.allSatisfy { fcntl($0, F_GETFD) >= 0 }
        exit(after >= before / 2 && after < before * 4 && stillOpen ? 0 : 2)
      }
    }

    @Test func `I2: a runtime whose descriptors were closed shuts down in time and touches no others`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        probe_end_after(60, "a shutdown after all descriptors were closed")
        let (runtime, _) = try runtimeThatWaits()
        closefrom(3)
        guard probe_open_others() else { exit(3) }
        let began = ContinuousClock.now
        let survivors = await runtime.shutdown(deadline: .seconds(10))
        let took = ContinuousClock.now - began
        exit(survivors.isEmpty && took < .seconds(10) && probe_others_are_untouched() ? 0 : 2)
      }
    }

    @Test func `I2: waits end when the program closes the runtime's descriptors, and new waits work`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        probe_end_after(60, "waits for descriptors that the program has closed")
        let (runtime, waiters) = try runtimeThatWaits()
        closefrom(3)
        guard probe_open_others() else { exit(3) }
        while waiters.contains(where: \.isAlive) { sched_yield() }
        let (pair, woken) = (try Pair(), Count())
        runtime.spawn { process in if try process.waitReadable(pair.near) { woken.add() } }
        await runtime.waitUntilIdle()
        _ = Pair.write(pair.far, 1)
        while woken.total == 0 { sched_yield() }
        let survivors = await runtime.shutdown(deadline: .seconds(10))
        exit(survivors.isEmpty && probe_others_are_untouched() ? 0 : 2)
      }
    }
  }

  /// Makes a runtime with processes that wait for descriptors, and returns it when all of them wait.
  private func runtimeThatWaits() throws -> (ProcessRuntime, [ProcessRef<Never>]) {
    let runtime = try ProcessRuntime(.init(schedulers: 2, slots: 64))
    let pairs = try (0..<3).map { _ in try Pair() }
    let waiters = pairs.map { pair in runtime.spawn { process in _ = try process.waitReadable(pair.near) } }
    runtime.waitUntilIdle()
    return (runtime, waiters)
  }

  /// Limits the program to 128 descriptors, opens all that are left, and returns them.
  private func takeAllDescriptors() throws -> [Int32] {
    var limits = rlimit(rlim_cur: 128, rlim_max: 128)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    var taken: [Int32] = []
    while true {
      let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      if descriptor < 0 { return taken }
      taken.append(descriptor)
    }
  }
#endif
