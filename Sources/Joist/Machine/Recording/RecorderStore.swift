// SPDX-License-Identifier: Apache-2.0
//
// The memory of a runtime's rings: anonymous, or a file that outlives the program, however that ends. The file and a
// dump have the same format (`RecordingFormat`).

import CJoist
import Synchronization

/// The memory of the rings of one runtime.
struct RecorderStore: ~Copyable {
  private let platform: any Platform
  /// The number of entries in a ring; zero if the recorder is off.
  let entries: Int
  /// The descriptor of the file that the rings lie in; -1 if they lie in no file.
  private let file: Int32
  /// Whether rings record messages.
  // Ordering: relaxed, a setting that schedulers take over when they are told to.
  let recordsMessages = Atomic<Bool>(false)

  init(_ configuration: ProcessRuntime.Configuration, _ platform: any Platform) {
    self.platform = platform
    entries = configuration.recorderEntries
    file =
      entries > 0 ? platform.openRecordingFile(bytes: RecordingFormat.bytes(rings: Limits.maxThreads, entries)) : -1
    if file >= 0 { RecordingFormat.writeHeader(to: file, entries, platform) }
  }

  deinit { if file >= 0 { joist_file_close(file) } }

  // Sound: the memory is new, zeroed, aligned to a page, and as long as the ring.
  /// Makes the ring of the scheduler with that number; one that is off if the recorder is off, or if there is not
  /// enough memory.
  func makeRing(_ number: Int) -> RecorderRing {
    if entries > 0 {
      let bytes = RecordingFormat.ringStride(entries)
      let offset = RecordingFormat.ringOffset(number, entries)
      let mapped = unsafe file < 0 ? nil : joist_map_file(file, Int64(offset), Int64(bytes))
      if let memory = unsafe mapped ?? platform.reserve(bytes: bytes) {
        return RecorderRing(memory: UInt(bitPattern: memory), entries: entries, isOn: true)
      }
    }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: Self.offBytes, alignment: Int(RecorderRing.blockBytes))
    return RecorderRing(memory: UInt(bitPattern: memory), entries: RecorderRing.blockEntries, isOn: false)
  }

  /// The bytes of a ring that is off.
  private static var offBytes: Int { RecorderRing.bytes(entries: RecorderRing.blockEntries) }

  // Sound: the ring's memory is that which `makeRing` mapped, reserved or allocated, and no thread uses it any more.
  /// Gives the memory of a ring back.
  func release(_ ring: RecorderRing) {
    guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: ring.memory) else { return }
    if ring.isOn {
      unsafe platform.release(memory, bytes: RecordingFormat.ringStride(entries))
    } else {
      unsafe memory.deallocate()
    }
  }
}

extension Handle<Scheduler> {
  /// Records an event of a process in this thread's ring.
  @inline(__always)
  func record(_ kind: RecorderEntry.Kind, _ process: ProcessHandle) {
    it.ring.write(RecorderEntry(kind, process.it.identity), it.clock)
  }

  /// Records an event that concerns no process.
  @inline(__always)
  func record(_ kind: RecorderEntry.Kind, payload: UInt64 = 0) {
    it.ring.write(RecorderEntry(kind, payload: payload), it.clock)
  }
}
