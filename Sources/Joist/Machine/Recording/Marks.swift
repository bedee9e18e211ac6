// SPDX-License-Identifier: Apache-2.0
//
// A program's own events in the flight recorder. An entry has the address of the name, which is a literal of the
// program and so never freed.

extension ProcessContext where Message: ~Copyable {
  /// Records a moment of the program's own in the flight recorder.
  ///
  /// Takes a few nanoseconds. Does not park or allocate.
  ///
  /// - Parameters:
  ///   - name: The name of the event, a literal.
  ///   - value: A number that the event carries; its lower 59 bits are kept.
  public func mark(_ name: StaticString, _ value: Int = 0) { record.mark(.mark, generation, name, value) }

  /// Records the beginning of an interval of the program's own, which ``endInterval(_:)`` ends.
  ///
  /// - Parameter name: The name of the interval, a literal.
  public func beginInterval(_ name: StaticString) { record.mark(.intervalBegan, generation, name, 0) }

  /// Records the end of the interval with that name that began last in this process.
  ///
  /// - Parameter name: The name of the interval, a literal.
  public func endInterval(_ name: StaticString) { record.mark(.intervalEnded, generation, name, 0) }
}

extension Handle<ProcessRecord> {
  // Sound: the address is only noted.
  fileprivate func mark(_ kind: RecorderEntry.Kind, _ generation: UInt32, _ name: StaticString, _ value: Int) {
    let scheduler = here(generation)
    // A name without an address is a single Unicode scalar, which stands for itself.
    let address =
      name.hasPointerRepresentation
      ? unsafe UInt64(UInt(bitPattern: name.utf8Start)) : UInt64(name.unicodeScalar.value)
    scheduler.record(kind, payload: address)
    scheduler.record(.value, payload: UInt64(bitPattern: Int64(value)))
  }
}

/// The name of a mark, found by its address.
enum MarkName {
  // Sound: the address is that of a literal, which ends with a zero and is never freed.
  /// Returns the name, in one line.
  static func text(at address: UInt64) -> String {
    if address <= 0x10_ffff { return Unicode.Scalar(UInt32(address)).map { String(Character($0)) } ?? "?" }
    guard let start = unsafe UnsafePointer<UInt8>(bitPattern: UInt(address)) else { return "?" }
    return unsafe String(cString: start).replacing("\n", with: " ")
  }
}
