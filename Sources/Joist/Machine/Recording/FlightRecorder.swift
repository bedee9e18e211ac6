// SPDX-License-Identifier: Apache-2.0
//
// The public face of the flight recorder: its level, and recordings of what its rings hold.

import CJoist
import Synchronization

/// The flight recorder of a runtime.
///
/// It is always on: each scheduler writes what processes do to a ring, about two entries of eight bytes a slice, and
/// reads no clock for it. So the last moments can be had at any time, also after a crash: ``Trap/events`` has those of
/// the process that crashed. With the environment variable `JOIST_RECORD`, the rings lie in the file that it names, and
/// outlive the program, however that ends.
public struct FlightRecorder: Sendable {
  /// What is recorded.
  public enum Level: String, Sendable, Hashable, CaseIterable {
    /// When processes start, run, wait, become ready and end.
    case lifecycle
    /// Also each message that is sent and received.
    case messages
  }

  let runtime: ProcessRuntime

  /// Whether the runtime was made with a recorder.
  public var isOn: Bool { runtime.core.it.recorder.entries > 0 }

  // Ordering: relaxed, a setting.
  /// What is recorded; a change is seen by each scheduler at its next reading of the clock.
  public var level: Level {
    get { runtime.core.it.recorder.recordsMessages.load(ordering: .relaxed) ? .messages : .lifecycle }
    nonmutating set { runtime.core.it.recorder.recordsMessages.store(newValue == .messages, ordering: .relaxed) }
  }

  /// A copy of all rings, in the format of a recording, which `joist trace` reads.
  ///
  /// Stops no scheduler. Takes 128 KiB for each scheduler with the default settings.
  public var recording: [UInt8] { runtime.core.recording() }

  // Sound: the text is valid during the call.
  /// Writes a recording to a file, which only the user may read.
  ///
  /// Blocks the calling thread; within a process, call it in `blocking`.
  ///
  /// - Parameter path: The path of the file, which is replaced if it exists.
  /// - Throws: ``RecordingError`` if the system does not take the file.
  public func dump(to path: String) throws(RecordingError) {
    let file = unsafe joist_file_create(path)
    guard file >= 0 else { throw RecordingError(path: path) }
    defer { joist_file_close(file) }
    if !write(recording, to: file) { throw RecordingError(path: path) }
  }

  // Sound: the bytes are valid while they are written.
  private func write(_ bytes: [UInt8], to file: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { unsafe joist_file_write(file, $0.baseAddress!, Int64($0.count)) }
  }
}

/// The error for a recording that the system did not take.
public struct RecordingError: Error, Hashable, CustomStringConvertible {
  /// The error in one sentence, with the path and the system's reason.
  public let description: String

  // Sound: the system's text is copied at once.
  init(path: String) { description = unsafe "\(path) was not written: \(String(cString: joist_error_text()))" }
}

extension ProcessRuntime {
  /// The flight recorder of the runtime.
  public var recorder: FlightRecorder { FlightRecorder(runtime: self) }
}

extension ProcessRuntime {
  /// Records for that time, and returns a recording of what happened in it.
  ///
  /// Blocks the calling thread, which copies the rings again and again. At most `limitBytes` are kept; what comes then
  /// is left out.
  package func record(for duration: Duration, limitBytes: Int) -> [UInt8] {
    let word = WaitWord()
    let end = core.deadline(after: duration) ?? .max
    var tape = RecorderTape(core, limitBytes: limitBytes)
    repeat {
      tape.copy(core, onlyWhole: true)
      let step = min(end, core.it.platform.now() + Limits.tapeInterval)
      core.it.platform.wait(on: word, while: word.seen, until: step)
    } while core.it.platform.now() < end
    tape.copy(core, onlyWhole: false)
    return core.recording(tape.rings)
  }
}

/// What was copied from the rings of a runtime so far.
private struct RecorderTape {
  private(set) var rings: [[RecorderEntry]] = []
  /// The number of the block to go on from, by scheduler.
  private var next: [UInt64] = []
  private var left: Int

  /// Begins behind what the rings have now.
  init(_ core: Handle<RuntimeCore>, limitBytes: Int) {
    left = limitBytes / MemoryLayout<RecorderEntry>.size
    for number in 0..<core.it.schedulerCount {
      rings.append([])
      next.append(core.it.scheduler(number).it.ring.presentBlock)
    }
  }

  mutating func copy(_ core: Handle<RuntimeCore>, onlyWhole: Bool) {
    for number in 0..<core.it.schedulerCount {
      if number == rings.count {
        rings.append([])
        next.append(0)
      }
      let (entries, next) = core.it.scheduler(number).it.ring.entries(from: next[number], onlyWhole: onlyWhole)
      self.next[number] = next
      rings[number] += entries.prefix(left)
      left = max(0, left - entries.count)
    }
  }
}

extension Handle<RuntimeCore> {
  /// Returns a recording of all rings as they are now.
  fileprivate func recording() -> [UInt8] {
    recording((0..<it.schedulerCount).map { it.scheduler($0).it.ring.entries() })
  }

  /// Returns a recording of entries, by scheduler.
  fileprivate func recording(_ rings: [[RecorderEntry]]) -> [UInt8] {
    let block = RecorderRing.blockEntries
    let entries = max(block, ((rings.map(\.count).max() ?? 0) + block - 1) / block * block)
    let names = Array(namesOfRecording(rings).utf8)
    let end = RecordingFormat.bytes(rings: rings.count, entries)
    var bytes = RecordingFormat.header(
      rings: rings.count,
      entries: entries,
      names: end..<end + names.count,
      it.platform
    )
    bytes.reserveCapacity(end + names.count)
    for (number, ring) in rings.enumerated() {
      RecordingFormat.pad(&bytes, to: RecordingFormat.ringOffset(number, entries))
      RecordingFormat.append(ring, to: &bytes)
    }
    RecordingFormat.pad(&bytes, to: end)
    return bytes + names
  }
}
