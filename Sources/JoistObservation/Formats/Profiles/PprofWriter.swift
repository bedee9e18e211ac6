// SPDX-License-Identifier: Apache-2.0
//
// Writes a profile in the format of pprof: a protobuf message whose strings stand in one table. Field numbers are those
// of pprof's public `profile.proto`.

/// The state of writing one profile for pprof.
struct PprofWriter {
  /// The fields of the message `Profile`.
  private enum Field {
    static let sampleType: UInt64 = 1
    static let sample: UInt64 = 2
    static let mapping: UInt64 = 3
    static let location: UInt64 = 4
    static let function: UInt64 = 5
    static let string: UInt64 = 6
    static let startTime: UInt64 = 9
    static let duration: UInt64 = 10
    static let periodType: UInt64 = 11
    static let period: UInt64 = 12
    static let defaultSampleType: UInt64 = 14
  }

  private let profile: StackProfile
  private var buffer = FormatBuffer()
  private var strings = PprofTable<String>()
  private var images = PprofTable<String>()
  private var functions = PprofTable<PprofFunction>()

  /// Prepares to write `profile`.
  init(_ profile: StackProfile) {
    self.profile = profile
    _ = strings.index(of: "")
  }

  /// Returns the message, without gzip around it.
  mutating func write() -> [UInt8] {
    writeTypes()
    for sample in profile.samples { write(sample) }
    for (index, frame) in profile.frames.enumerated() { writeLocation(index + 1, frame) }
    writeMappings()
    writeFunctions()
    for string in strings.values { buffer.append(field: Field.string, text: string) }
    buffer.append(field: Field.startTime, signed: profile.startNanoseconds)
    buffer.append(field: Field.duration, signed: profile.durationNanoseconds)
    return buffer.bytes
  }

  /// The types and units of the values that a sample has: first a number of samples, then what it stands for.
  private var types: [(type: String, unit: String)] {
    switch profile.kind {
    case .cpu: [("samples", "count"), ("cpu", "nanoseconds")]
    case .processes: [("processes", "count")]
    case .wait: [("waits", "count"), ("wait", "nanoseconds")]
    }
  }

  private mutating func writeTypes() {
    for type in types { writeType(Field.sampleType, type) }
    if let last = types.last {
      writeType(Field.periodType, last)
      buffer.append(field: Field.defaultSampleType, strings.index(of: last.type))
    }
    buffer.append(field: Field.period, signed: max(1, profile.periodNanoseconds))
  }

  private mutating func writeType(_ field: UInt64, _ type: (type: String, unit: String)) {
    let name = strings.index(of: type.type)
    let unit = strings.index(of: type.unit)
    buffer.append(field: field) { message in
      message.append(field: 1, name)
      message.append(field: 2, unit)
    }
  }

  private mutating func write(_ sample: StackProfile.Sample) {
    var labels: [(key: UInt64, value: UInt64)] = []
    for (key, value) in sample.labels.sorted(by: { $0.key < $1.key }) {
      labels.append((strings.index(of: key), strings.index(of: value)))
    }
    let hasCount = types.count > 1
    buffer.append(field: Field.sample) { message in
      message.append(field: 1) { ids in for frame in sample.stack { ids.append(variable: UInt64(frame) + 1) } }
      message.append(field: 2) { values in
        if hasCount { values.append(variable: UInt64(bitPattern: Int64(sample.count))) }
        values.append(variable: UInt64(bitPattern: sample.value))
      }
      for label in labels {
        message.append(field: 3) { entry in
          entry.append(field: 1, label.key)
          entry.append(field: 2, label.value)
        }
      }
    }
  }

  private mutating func writeLocation(_ id: Int, _ frame: StackFrame) {
    let image = frame.image.map { images.index(of: $0) + 1 }
    let function = frame.function.map { name in
      functions.index(of: PprofFunction(name: strings.index(of: name), file: strings.index(of: frame.file ?? ""))) + 1
    }
    buffer.append(field: Field.location) { message in
      message.append(field: 1, UInt64(id))
      if let image { message.append(field: 2, image) }
      message.append(field: 3, UInt64(frame.address))
      guard let function else { return }
      message.append(field: 4) { line in
        line.append(field: 1, function)
        if let number = frame.line { line.append(field: 2, signed: Int64(number)) }
      }
    }
  }

  /// Writes the images with the range of the addresses that occur in each.
  ///
  /// They are marked as having functions: otherwise pprof would look up the addresses with these ranges, which do not
  /// begin where the image does.
  private mutating func writeMappings() {
    var ranges: [String: (first: UInt, last: UInt)] = [:]
    for frame in profile.frames {
      guard let image = frame.image else { continue }
      let range = ranges[image] ?? (frame.address, frame.address)
      ranges[image] = (min(range.first, frame.address), max(range.last, frame.address))
    }
    for (index, image) in images.values.enumerated() {
      let file = strings.index(of: image)
      let range = ranges[image] ?? (0, 0)
      buffer.append(field: Field.mapping) { message in
        message.append(field: 1, UInt64(index + 1))
        message.append(field: 2, UInt64(range.first))
        message.append(field: 3, UInt64(range.last) &+ 1)
        message.append(field: 5, file)
        message.append(field: 7, 1)
      }
    }
  }

  private mutating func writeFunctions() {
    for (index, function) in functions.values.enumerated() {
      buffer.append(field: Field.function) { message in
        message.append(field: 1, UInt64(index + 1))
        message.append(field: 2, function.name)
        message.append(field: 3, function.name)
        message.append(field: 4, function.file)
      }
    }
  }
}

/// A function, by the indices of its strings.
private struct PprofFunction: Hashable {
  let name, file: UInt64
}

/// Values that are referred to by their index, each of them once.
private struct PprofTable<Value: Hashable> {
  private(set) var values: [Value] = []
  private var indices: [Value: UInt64] = [:]

  /// Returns the index of a value, which is added if it is new.
  mutating func index(of value: Value) -> UInt64 {
    if let index = indices[value] { return index }
    let index = UInt64(values.count)
    values.append(value)
    indices[value] = index
    return index
  }
}

extension StackProfile {
  /// Returns the profile as a file that `pprof` reads.
  ///
  /// The file is gzip around protobuf; it has the frames' functions, files and lines as far as they are known, the
  /// images, and the labels of the samples. `pprof` shows the value (nanoseconds or processes) unless it is asked for
  /// the number of samples.
  public func pprof() -> [UInt8] {
    var writer = PprofWriter(self)
    return Gzip.stored(writer.write())
  }
}
