// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import Testing

/// Tests of profiles for pprof and as folded stacks.
struct ProfileFormatTests {
  @Test("I3: pprof's file has each sample with its stack, values and labels", arguments: StackProfile.Kind.allKinds)
  func samples(kind: StackProfile.Kind) throws {
    var generator = ProfileGenerator(seed: 21)
    let profile = generator.profile(samples: 200, kind: kind)
    let file = try PprofFile(profile.pprof())
    #expect(file.samples.count == 200)
    for (found, sample) in zip(file.samples, profile.samples) {
      #expect(found.stack == sample.stack.map { PprofFile.describe(profile.frames[Int($0)]) })
      #expect(found.labels == sample.labels)
      #expect(found.values == (kind == .processes ? [sample.value] : [Int64(sample.count), sample.value]))
    }
  }

  @Test("I3: pprof's file says what its values are, when they were taken, and which are shown first")
  func types() throws {
    var generator = ProfileGenerator(seed: 22)
    let cpu = try PprofFile(generator.profile(samples: 5).pprof())
    #expect(cpu.types == ["samples/count", "cpu/nanoseconds"])
    #expect(cpu.periodType == "cpu/nanoseconds")
    #expect(cpu.defaultType == "cpu")
    #expect(cpu.message.integer(12) == 10_000_000)
    #expect(cpu.message.integer(9) == 1_800_000_000_000_000_000)
    #expect(cpu.message.integer(10) == 10_000_000_000)
    let processes = try PprofFile(generator.profile(samples: 5, kind: .processes).pprof())
    #expect(processes.types == ["processes/count"])
    #expect(processes.defaultType == "processes")
    let wait = try PprofFile(generator.profile(samples: 5, kind: .wait).pprof())
    #expect(wait.types == ["waits/count", "wait/nanoseconds"])
  }

  @Test("I3: gzip accepts pprof's file, and its checksum, also above the size of a block and without samples")
  func gzip() throws {
    var generator = ProfileGenerator(seed: 23)
    let large = generator.profile(samples: 4_000, depths: 30...60).pprof()
    let empty = StackProfile(
      kind: .cpu,
      programName: "none",
      durationNanoseconds: 0,
      periodNanoseconds: 0,
      startNanoseconds: 0
    )
    for bytes in [large, empty.pprof()] {
      let folder = try TemporaryFolder()
      defer { folder.remove() }
      let path = folder.path + "/profile.pb.gz"
      try OutputFile.write(to: path) { try $0(bytes) }
      let output = try #require(Tool.run(["gzip", "-dc", path]))
      #expect(try Array(output) == PprofFile.inflate(bytes))
    }
    #expect(large.count > 2 * 65_535)
  }

  @Test("I3: folded stacks have the outermost function first and the sum of equal stacks, sorted")
  func folded() {
    let profile = Self.profile([(["c", "b", "a"], 5), (["b", "a"], 1), (["c", "b", "a"], 7), (["x"], 0), ([], 2)])
    #expect(profile.foldedStacks() == "(no stack) 2\na;b 1\na;b;c 12\n")
  }

  @Test("I3: a semicolon or a line break does not break a folded stack, and a nameless frame has its address")
  func foldedNames() {
    var profile = Self.profile([(["a;b\nc d", "e"], 3)])
    #expect(profile.foldedStacks() == "e;a,b c d 3\n")
    profile.frames = [StackFrame(address: 0x1F, image: "/lib/libc.so"), StackFrame(address: 0x20)]
    #expect(profile.foldedStacks() == "0x20;libc.so+0x1f 3\n")
  }

  /// Returns a profile of these stacks, innermost function first, and their values.
  static func profile(_ stacks: [(functions: [String], value: Int64)]) -> StackProfile {
    var profile = StackProfile(
      kind: .cpu,
      programName: "shop",
      durationNanoseconds: 1_000,
      periodNanoseconds: 10,
      startNanoseconds: 0
    )
    for stack in stacks {
      let first = Int32(profile.frames.count)
      profile.frames += stack.functions.map { StackFrame(address: 1, function: $0) }
      profile.samples.append(.init(stack: Array(first..<Int32(profile.frames.count)), count: 1, value: stack.value))
    }
    return profile
  }
}

extension StackProfile.Kind {
  static var allKinds: [Self] { [.cpu, .processes, .wait] }
}
