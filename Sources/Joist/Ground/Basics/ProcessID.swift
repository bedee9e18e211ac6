// SPDX-License-Identifier: Apache-2.0
//
// The untyped identity of a process. Bits 58…32 are the slot in the table, bits 31…0 the generation of the slot. Bits
// 63…59 are zero and reserved for a node.
// N2. A slot gets a new generation when its process ends, and is retired when its generations run out: a runtime never
//     gives the same identity to two processes.

/// The untyped identity of a process: slot and generation, totally ordered, printed as `#123.4`.
///
/// Identities of different runtimes are not comparable; a ``ProcessRef`` also names its runtime.
public struct ProcessID: Sendable, Hashable, Comparable, CustomStringConvertible {
  @usableFromInline let bits: UInt64

  /// Packs a slot and a generation into the layout that the file header describes.
  package init(slot: Int, generation: UInt32) {
    bits = UInt64(slot) << 32 | UInt64(generation)
  }

  init(bits: UInt64) { self.bits = bits }

  /// The identity as one number, as recordings have it.
  package var number: UInt64 { bits }

  /// Makes the identity with that number.
  package init(number: UInt64) { bits = number }

  /// The index of the process's slot in the table.
  package var slot: Int { Int(bits >> 32) }
  /// The generation of the slot, which tells apart the processes that have used it (N2).
  package var generation: UInt32 { UInt32(truncatingIfNeeded: bits) }

  /// Orders identities by slot, then by generation.
  public static func < (a: ProcessID, b: ProcessID) -> Bool { a.bits < b.bits }

  /// The identity as text, such as `#123.4`.
  public var description: String { "#\(slot).\(generation)" }
}
