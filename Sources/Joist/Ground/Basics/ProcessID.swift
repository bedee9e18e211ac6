// SPDX-License-Identifier: Apache-2.0
//
// The untyped identity of a process.
// N1. Bits 58…32 are the slot in the table, 31…0 the generation of the slot. Bits 63…59 are zero: a node's place.
// N2. A slot gets a new generation when its process ends, and is retired when generations run out: no identity is
//     ever given twice by one runtime.

/// The untyped identity of a process: slot and generation, totally ordered, printed as `#123.4`.
///
/// Identities of different runtimes are not comparable; a ``ProcessRef`` also names its runtime.
public struct ProcessID: Sendable, Hashable, Comparable, CustomStringConvertible {
  @usableFromInline let bits: UInt64

  /// Laid out as N1 says.
  package init(slot: Int, generation: UInt32) {
    bits = UInt64(slot) << 32 | UInt64(generation)
  }

  init(bits: UInt64) { self.bits = bits }

  /// Its place in the table.
  package var slot: Int { Int(bits >> 32) }
  /// Which process of that place (N2).
  package var generation: UInt32 { UInt32(truncatingIfNeeded: bits) }

  /// By slot, then generation.
  public static func < (a: ProcessID, b: ProcessID) -> Bool { a.bits < b.bits }

  /// `#123.4`.
  public var description: String { "#\(slot).\(generation)" }
}
