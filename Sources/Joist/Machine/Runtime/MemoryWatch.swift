// SPDX-License-Identifier: Apache-2.0
//
// The ceiling of the program's memory: where it is reached no process is made, before the machine begins to swap, or
// the system ends the program.
// MW1. The monitor looks every few rounds what the program has in memory. Beyond the ceiling it is short of
//      memory, until it has less than nineteen twentieths of that.
// MW2. Who is refused for that looks itself first, for the monitor rests while nothing runs.

import Synchronization

/// Whether the program has more memory than it is to have.
struct MemoryWatch: ~Copyable {
  /// Bytes.
  let ceiling: Int
  // Ordering: relaxed, a guess: it is late by some rounds of the monitor anyway.
  private let short = Atomic<Bool>(false)

  init(ceiling: Int) { self.ceiling = ceiling }

  /// As the last look had it.
  @inline(__always)
  var isShort: Bool { short.load(ordering: .relaxed) }

  /// Looks (MW1); the bytes that the program has, where it has just become short of memory.
  func look(_ platform: any Platform) -> Int? {
    let occupant = platform.residentBytes()
    let wasShort = isShort
    let isShort = occupant > (wasShort ? ceiling / 20 * 19 : ceiling)
    if isShort != wasShort { short.store(isShort, ordering: .relaxed) }
    return isShort && !wasShort ? occupant : nil
  }
}

extension Handle<RuntimeCore> {
  /// A look of the monitor's.
  func lookAtMemory() {
    guard let occupant = it.memory.look(it.platform) else { return }
    it.reports.add(self, about: ProcessID(bits: 0)) { .shortOfMemory(bytes: occupant, limit: it.memory.ceiling) }
  }

  /// Whether no process is to be made (MW2).
  @inline(never)
  func isReallyShortOfMemory() -> Bool {
    lookAtMemory()
    return it.memory.isShort
  }
}
