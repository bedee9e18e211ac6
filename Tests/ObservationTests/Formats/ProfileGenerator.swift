// SPDX-License-Identifier: Apache-2.0
//
// Makes profiles as a sampler would, from a seed: stacks of functions of several modules, some of them deep.

import JoistObservation

/// A made-up profile.
struct ProfileGenerator {
  private var numbers: SeededNumbers
  private let functions = [
    "Shop.main()", "Shop.Till.open(_: Swift.Int) -> ()", "closure #1 (Swift.Int) -> () in Shop.Till.sell()",
    "Shop.Basket.add<A where A: Swift.Hashable>(A) throws -> Swift.Bool", "Joist.ProcessContext.receive()",
    "Joist.Scheduler.run()", "static Swift.String.== infix(Swift.String, Swift.String) -> Swift.Bool",
    "Swift.Array.append(__owned A) -> ()", "generic specialization <Swift.Int> of Swift.Array.sort() -> ()",
    "NIOCore.ByteBuffer.writeBytes(Swift.UInt8)", "malloc", "free", "memcpy",
  ]

  init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

  /// Returns a profile with that number of samples.
  mutating func profile(
    samples: Int,
    kind: StackProfile.Kind = .cpu,
    depths: ClosedRange<Int> = 3...24
  ) -> StackProfile {
    var profile = StackProfile(
      kind: kind,
      programName: "shop",
      durationNanoseconds: 10_000_000_000,
      periodNanoseconds: 10_000_000,
      startNanoseconds: 1_800_000_000_000_000_000
    )
    for (index, name) in functions.enumerated() {
      let image = index < 10 ? "/usr/bin/shop" : "/lib/libc.so.6"
      profile.frames.append(
        StackFrame(
          address: UInt(0x40_0000 + index * 64),
          function: name,
          file: "\(index).swift",
          image: image,
          line: 10 + index
        )
      )
    }
    profile.frames.append(StackFrame(address: 0x7F00_1234, image: "/lib/libz.so.1"))
    for index in 0..<samples {
      let depth = Int.random(in: depths, using: &numbers)
      var stack: [Int32] = []
      // Callers determine most of what is called, so that stacks share their beginnings.
      var path = UInt64(index % 3)
      for level in 0..<depth {
        let isFork = level % 4 == 0
        path = path &* 31 &+ (isFork ? numbers.next() % 3 : 1)
        stack.append(level == 0 ? 5 : Int32(path % UInt64(profile.frames.count)))
      }
      let count = Int.random(in: 1...30, using: &numbers)
      let value = kind == .processes ? Int64(count) : Int64(count) * 10_000_000
      profile.samples.append(
        .init(stack: stack.reversed(), count: count, value: value, labels: ["process": "Till #\(index % 7).1"])
      )
    }
    return profile
  }
}
