// SPDX-License-Identifier: Apache-2.0
//
// What the runtime knows of a type whose values are on heaps.
// HL1. The key of a type is the address of its metadata, whose lowest three bits are zero; for arrays it is that of the
//      metadata of `HeapArray`. The first heap that needs a layout makes it, and it keeps its address for the program's
//      life. Code that has allocated a value has made sure that its type has a layout.
// HL3. Layouts are looked up without a lock: a key is written after the layout that it leads to, and neither changes.
//      New layouts are added under a lock, to a larger table when one is half full. Old tables are kept, because a
//      thread may still read them.
//
// Whether a type has references is determined once, when its layout is made, by a cast: generic code does not know it.

import Synchronization

/// The layout of the objects of one type.
@safe
@usableFromInline
struct HeapLayout {
  /// The key of the type (HL1).
  let key: UInt
  /// The size of a value in bytes, rounded up to whole words; for arrays, the stride of the elements.
  let unit: UInt
  let isArray: Bool
  /// Whether values are over-aligned, to sixteen bytes.
  let isOverAligned: Bool
  /// The type, if it has references; otherwise nil.
  let traceable: (any HeapTraceable.Type)?

  init<Value: BitwiseCopyable>(of type: Value.Type, key: UInt, isArray: Bool) {
    precondition(key & 7 == 0)
    let alignment = MemoryLayout<Value>.alignment
    precondition(alignment <= 16, "Joist: a heap aligns values to 16 bytes at most, and \(type) wants \(alignment)")
    self.key = key
    let (size, stride) = (UInt(MemoryLayout<Value>.size), UInt(MemoryLayout<Value>.stride))
    unit = isArray ? stride : HeapHeader.inWords(size)
    self.isArray = isArray
    isOverAligned = alignment > 8
    traceable = type as? any HeapTraceable.Type
  }

  // Sound: a metatype is a pointer to its type's metadata.
  var typeName: String { unsafe "\(unsafeBitCast(key, to: Any.Type.self))" }
}

// Sound: as above.
extension HeapLayout {
  /// Returns the key of values of a type.
  @inlinable @inline(__always)
  static func key<Value: BitwiseCopyable>(_ type: Value.Type) -> UInt { unsafe unsafeBitCast(type, to: UInt.self) }

  /// Returns the key of arrays of a type.
  @inlinable @inline(__always)
  static func arrayKey<Value: BitwiseCopyable>(_ type: Value.Type) -> UInt {
    unsafe unsafeBitCast(HeapArray<Value>.self, to: UInt.self)
  }
}
