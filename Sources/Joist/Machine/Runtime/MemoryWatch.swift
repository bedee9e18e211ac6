// SPDX-License-Identifier: Apache-2.0
//
// The limit of the program's memory. Once it is exceeded no process is made, before the machine begins to swap or the
// system ends the program. The watchdog reads the program's memory every few rounds. The program is short of memory
// once it exceeds the limit, until it has less than nineteen twentieths of it. A spawn that would be refused reads the
// memory itself first, because the watchdog rests while nothing runs.

import Synchronization

/// The watch over the program's memory.
struct MemoryWatch: ~Copyable {
  /// The limit in bytes.
  let ceiling: Int
  // Ordering: relaxed, a guess: it is late by some rounds of the watchdog anyway.
  private let short = Atomic<Bool>(false)
  private let bytes = Atomic<Int>(0)

  init(ceiling: Int) { self.ceiling = ceiling }

  /// Whether the program was short of memory at the last look.
  @inline(__always)
  var isShort: Bool { short.load(ordering: .relaxed) }

  /// The bytes of the program's memory at the last look.
  var lastBytes: Int { bytes.load(ordering: .relaxed) }

  /// Reads the program's memory, and returns its bytes if it has just become short of memory.
  func look(_ platform: any Platform) -> Int? {
    let bytes = platform.residentBytes()
    self.bytes.store(bytes, ordering: .relaxed)
    let wasShort = isShort
    let isShort = bytes > (wasShort ? ceiling / 20 * 19 : ceiling)
    if isShort != wasShort { short.store(isShort, ordering: .relaxed) }
    return isShort && !wasShort ? bytes : nil
  }
}

extension Handle<RuntimeCore> {
  /// Reads the program's memory, and reports if it has just become short of memory; called by the watchdog, too.
  func lookAtMemory() {
    guard let bytes = it.memory.look(it.platform) else { return }
    it.reports.add(self, about: ProcessID(bits: 0)) { .shortOfMemory(bytes: bytes, limit: it.memory.ceiling) }
  }

  /// Whether the program is short of memory now, so that no process is to be made.
  @inline(never)
  func isReallyShortOfMemory() -> Bool {
    lookAtMemory()
    return it.memory.isShort
  }
}
