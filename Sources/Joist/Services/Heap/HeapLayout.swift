// SPDX-License-Identifier: Apache-2.0
//
// What the runtime knows of a type whose values are on heaps.
// HL1. A type's key is the address of its metadata, of `HeapArray` of it for arrays, whose lowest three bits are zero.
//      The first heap that needs a layout makes it; it stays where it is for the program's life. Who has allocated a
//      value has made sure that there is one.
// HL2. Whether a type has references is found out then, once: by a cast, for generic code does not know it.
// HL3. Layouts are looked up without a lock: a key is written after what it leads to, and never changes. New ones are
//      added under a lock, to a larger table when one is half full; old tables are kept, for they may be read.

import Synchronization

/// What objects of a type look like.
@safe
@usableFromInline
struct HeapLayout {
  /// Of the type (HL1).
  let key: UInt
  /// Bytes of a value, in whole words, or from one element of an array to the next.
  let unit: UInt
  let isArray: Bool
  /// Values are aligned to sixteen bytes.
  let isWide: Bool
  /// The type, if it has references (HL2).
  let traceable: (any HeapTraceable.Type)?

  init<Value: BitwiseCopyable>(of type: Value.Type, key: UInt, isArray: Bool) {
    precondition(key & 7 == 0)
    let alignment = MemoryLayout<Value>.alignment
    precondition(alignment <= 16, "Joist: a heap aligns values to 16 bytes at most, and \(type) wants \(alignment)")
    self.key = key
    let (size, stride) = (UInt(MemoryLayout<Value>.size), UInt(MemoryLayout<Value>.stride))
    unit = isArray ? stride : HeapHeader.inWords(size)
    self.isArray = isArray
    isWide = alignment > 8
    traceable = type as? any HeapTraceable.Type
  }

  // Sound: a metatype is a pointer to its type's metadata.
  var typeName: String { unsafe "\(unsafeBitCast(key, to: Any.Type.self))" }
}

// Sound: as above.
extension HeapLayout {
  /// The key of values of a type.
  @inlinable @inline(__always)
  static func key<Value: BitwiseCopyable>(_ type: Value.Type) -> UInt { unsafe unsafeBitCast(type, to: UInt.self) }

  /// The key of arrays of it.
  @inlinable @inline(__always)
  static func arrayKey<Value: BitwiseCopyable>(_ type: Value.Type) -> UInt {
    unsafe unsafeBitCast(HeapArray<Value>.self, to: UInt.self)
  }
}
