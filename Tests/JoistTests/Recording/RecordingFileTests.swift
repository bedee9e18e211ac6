// SPDX-License-Identifier: Apache-2.0
//
// Recordings as bytes and as files: their format, the names in them, and what is left of a program that was killed.

import Foundation
import Joist
import TestSupport
import Testing

/// A path in the folder for temporary files, the same in this program and in one that a test of it starts.
private func path(_ name: String, of program: pid_t) -> String {
  FileManager.default.temporaryDirectory.appendingPathComponent("joist-\(program)-\(name)").path
}

private func bytes(of path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

@Suite struct RecordingFileTests {
  @Test func `O1: a recording has the header of its format, and a ring for each scheduler at its place`() throws {
    let simulation = try HandDriven(.init(schedulers: 2, recorderEntries: 1_000))
    // 124 entries, times apart, on both schedulers.
    let process = simulation.runtime.spawn { process in for _ in 0..<61 { try process.yield() } }
    simulation.run()
    let bytes = simulation.runtime.recorder.recording
    let recording = try ReadRecording(bytes)
    #expect(recording.version == 1 && recording.pid == getpid() && recording.ticksPerSecond == 1_000_000_000)
    #expect(recording.ticks == simulation.platform.ticks.count)
    #expect(recording.nanoseconds == UInt64(simulation.platform.now()))
    #expect(recording.rings.count == 2)
    // Only as many entries are in it as the longest ring has: at most three blocks of 64, behind that for the header.
    #expect(bytes.count == 4_096 + 2 * 4_096)
    #expect((recording.events(0) + recording.events(1)).filter { $0.process == process.id }.count == 124)
  }

  @Test func `O1: a recording names the processes that occur in it, and no others`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let process = runtime.spawn(Int.self, options: .init(name: "store of all")) { process in
      process.mark("a mark")
      _ = try process.receive()
    }
    runtime.spawn(Int.self) { _ = try $0.receive() }
    simulation.run()
    let unseen = runtime.spawn(Int.self, options: .init(name: "unseen")) { _ in }
    let names = try runtime.recorded().names
    #expect(names.count == 2 && names[0] == "process \(process.id.number) store of all")
    #expect(names[1].hasPrefix("mark ") && names[1].hasSuffix(" a mark"))
    unseen.exit()
    process.exit()
    simulation.run()
  }

  @Test func `O1: a dump is the recording, in a file that only the user may read, and replaces a longer one`() throws {
    let simulation = try HandDriven()
    simulation.runtime.spawn { process in try process.yield() }
    simulation.run()
    let file = path("dump", of: getpid())
    defer { unlink(file) }
    try simulation.runtime.recorder.dump(to: file)
    #expect(try bytes(of: file) == simulation.runtime.recorder.recording)
    let rights = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(rights == 0o600)
    try Data(count: 10_000_000).write(to: URL(fileURLWithPath: file))
    try simulation.runtime.recorder.dump(to: file)
    #expect(try bytes(of: file) == simulation.runtime.recorder.recording)
  }

  @Test func `O1: a dump that the system does not take throws an error of one line with the path and the reason`()
    throws
  {
    let runtime = try HandDriven().runtime
    for (path, reason) in [("/none/such/file", "No such file or directory"), ("/", "directory")] {
      let error = #expect(throws: RecordingError.self) { try runtime.recorder.dump(to: path) }
      let words = "\(try #require(error))"
      #expect(
        words.hasPrefix("\(path) was not written: ") && words.contains(reason) && !words.contains("\n"),
        "\(words)"
      )
    }
    #if os(Linux)
      let error = #expect(throws: RecordingError.self) { try runtime.recorder.dump(to: "/dev/full") }
      #expect("\(try #require(error))" == "/dev/full was not written: No space left on device")
    #endif
  }

  @Test
  func `O1: a program that is killed leaves its recording with JOIST_RECORD, from which its last events are read`()
    async throws
  {
    let files = [path("killed", of: getpid()), path("killed.2", of: getpid())]
    defer { for file in files { unlink(file) } }
    await #expect(processExitsWith: .signal(SIGKILL)) {
      setenv("JOIST_RECORD", path("killed", of: getppid()), 1)
      let first = try ProcessRuntime(.init(schedulers: 1, recorderEntries: 256))
      let second = try ProcessRuntime(.init(schedulers: 1, recorderEntries: 256))
      second.spawn { process in process.mark("of the second", 2) }
      await second.waitUntilIdle()
      first.spawn { process in
        for turn in 0..<1_000 {
          process.mark("turn", turn)
          try process.yield()
        }
        process.mark("last words", -7)
        kill(getpid(), SIGKILL)
        while true {}
      }
      await first.waitUntilIdle()
    }
    let recording = try ReadRecording(try bytes(of: files[0]))
    #expect(recording.version == 1 && recording.rings.count == 256 && recording.pid != getpid())
    let events = recording.events()
    let values = events.compactMap { if case .mark(_, let value) = $0.kind { value } else { nil } }
    #expect(values.count > 30 && values.suffix(3) == [998, 999, -7])
    guard case .mark(_, -7)? = events.last?.kind else { return #expect(Bool(false), "\(events.suffix(2))") }
    for (event, next) in zip(events, events.dropFirst()) { #expect(event.ticks <= next.ticks) }
    let others = try ReadRecording(try bytes(of: files[1])).events()
    #expect(others.contains { if case .mark(_, 2) = $0.kind { true } else { false } })
    let rights = try FileManager.default.attributesOfItem(atPath: files[0])[.posixPermissions] as? Int
    #expect(rights == 0o600)
  }

  @Test func `O1: a program whose JOIST_RECORD cannot be made says so in one line, and works`() async throws {
    let result = await #expect(processExitsWith: .exitCode(0), observing: [\.standardErrorContent]) {
      setenv("JOIST_RECORD", "/none/such/file", 1)
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      let count = Count()
      runtime.spawn { process in
        try process.yield()
        count.add()
      }
      await runtime.waitUntilIdle()
      exit(count.total == 1 && runtime.recorder.isOn ? 0 : 2)
    }
    let lines = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).split(separator: "\n")
    let expected = "joist: nothing is recorded to /none/such/file: No such file or directory"
    #expect(lines.filter { $0.hasPrefix("joist:") } == [Substring(expected)])
  }

  @Test(.timeLimit(.minutes(15)))
  func `O1: recordings that are made while processes run parse, and their events are in order`() throws {
    let isOver = Count()
    let wrong = Log<String>()
    _ = try withRuntime(.init(schedulers: 3, recorderEntries: 256)) { runtime in
      runtime.recorder.level = .messages
      for _ in 0..<6 {
        runtime.spawn(Int.self) { process in
          while isOver.total == 0 {
            process.ref.send(1)
            _ = try process.receive()
            process.mark("turn", -5)
            process.spawn { _ in }
            try process.yield()
          }
        }
      }
      for _ in 0..<many(200) {
        let recording = try runtime.recorded()
        for ring in recording.rings.indices {
          if recording.rings[ring].contains(where: { $0.kind == nil }) { wrong.add("an entry of no kind") }
          let events = recording.events(ring)
          if zip(events, events.dropFirst()).contains(where: { $1.ticks < $0.ticks }) { wrong.add("time goes back") }
          for event in events { if case .mark(_, let value) = event.kind, value != -5 { wrong.add("\(event)") } }
        }
      }
      isOver.add()
    }
    #expect(wrong.entries.isEmpty, "\(wrong.entries.prefix(3))")
  }
}
