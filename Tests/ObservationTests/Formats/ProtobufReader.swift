// SPDX-License-Identifier: Apache-2.0
//
// Reads protobuf's wire format, independently of the code that writes it.

import Foundation

/// A message as the fields that it consists of.
struct ProtobufMessage {
  /// The value of a field as it stands on the wire.
  enum Value: Hashable {
    case integer(UInt64)
    case word(UInt64)
    case bytes([UInt8])
  }

  /// What is wrong with bytes that are not a message.
  enum Malformed: Error {
    case truncated
    case wireType(UInt64)
    case tooLong
  }

  private(set) var fields: [(number: UInt64, value: Value)] = []

  init(_ bytes: some Collection<UInt8>) throws {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let tag = try Self.variable(&rest)
      switch tag & 7 {
      case 0: fields.append((tag >> 3, .integer(try Self.variable(&rest))))
      case 1:
        let word = try Self.take(8, &rest).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        fields.append((tag >> 3, .word(word)))
      case 2:
        let count = Int(try Self.variable(&rest))
        fields.append((tag >> 3, .bytes(Array(try Self.take(count, &rest)))))
      default: throw Malformed.wireType(tag & 7)
      }
    }
  }

  /// Returns the integers of a packed field.
  static func packed(_ bytes: [UInt8]) throws -> [UInt64] {
    var rest = bytes[...]
    var result: [UInt64] = []
    while !rest.isEmpty { result.append(try variable(&rest)) }
    return result
  }

  func integer(_ number: UInt64) -> UInt64? { integers(number).first }

  func integers(_ number: UInt64) -> [UInt64] {
    fields.compactMap { field in
      if case .integer(let value) = field.value, field.number == number { value } else { nil }
    }
  }

  func words(_ number: UInt64) -> [UInt64] {
    fields.compactMap { field in
      if case .word(let value) = field.value, field.number == number { value } else { nil }
    }
  }

  func bytes(_ number: UInt64) -> [[UInt8]] {
    fields.compactMap { field in
      if case .bytes(let value) = field.value, field.number == number { value } else { nil }
    }
  }

  func messages(_ number: UInt64) throws -> [ProtobufMessage] { try bytes(number).map { try ProtobufMessage($0) } }

  func message(_ number: UInt64) throws -> ProtobufMessage? { try bytes(number).first.map { try ProtobufMessage($0) } }

  func text(_ number: UInt64) -> String? { bytes(number).first.flatMap { String(bytes: $0, encoding: .utf8) } }

  private static func take(_ count: Int, _ rest: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
    guard count >= 0, rest.count >= count else { throw Malformed.truncated }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  private static func variable(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { throw Malformed.truncated }
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
    }
    throw Malformed.tooLong
  }
}
