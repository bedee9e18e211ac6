// SPDX-License-Identifier: Apache-2.0
//
// The cores of runtimes that are over, kept for later ones (J1).

import Synchronization

/// The pool of cores: a new runtime takes a kept one if that fits.
enum RuntimePool {
  /// Every core that was made; each keeps its records for the program's life (R4).
  private static let all = Mutex<[Handle<RuntimeCore>]>([])
  private static let kept = Mutex<[Handle<RuntimeCore>]>([])

  /// Returns a core for a new runtime.
  static func take(
    _ configuration: ProcessRuntime.Configuration,
    _ platform: any Platform
  ) throws(ResourceError) -> Handle<RuntimeCore> {
    let schedulers = configuration.schedulers ?? platform.usefulSchedulers
    let found = kept.withLock { kept -> Handle<RuntimeCore>? in
      guard let index = kept.firstIndex(where: { $0.it.table.serves(configuration.processLimit) }) else { return nil }
      return kept.remove(at: index)
    }
    if let found {
      do {
        renew(found, configuration, platform, try StackSlotTable.make(configuration, schedulers: schedulers, platform))
        return found
      } catch {
        kept.withLock { $0.append(found) }
        throw error
      }
    }
    // The records come first, because there must be addresses for all of them; slots make do with what is left.
    guard let table = ProcessTable(limit: configuration.processLimit, platform: platform) else {
      throw ResourceError(what: "addresses for \(configuration.processLimit) processes: lower processLimit")
    }
    let slots: StackSlotTable
    do { slots = try StackSlotTable.make(configuration, schedulers: schedulers, platform) } catch {
      table.release(platform)
      throw error
    }
    let core = Handle<RuntimeCore>.allocate(
      RuntimeCore(
        configuration: configuration,
        platform: platform,
        table: table,
        slots: slots,
        servicesAddress: makeServices(from: nil)
      )
    )
    all.withLock { $0.append(core) }
    core.noteForDebuggers()
    return core
  }

  /// Returns the core of a record that does not store it, because its memory was given back (R10).
  static func home(of record: ProcessHandle) -> Handle<RuntimeCore> {
    all.withLock { $0.first { $0.it.table.contains(record) }! }
  }

  /// Keeps the core of a runtime that is over, with no process and no thread left.
  static func keep(_ core: Handle<RuntimeCore>) {
    core.it.reports.forget(core)
    kept.withLock { $0.append(core) }
  }

  // Sound: no thread of the old runtime is left, and a thread that still has a reference to one of its processes reads
  // only the record (R4). The table moves from the old core to the new one in the same place.
  private static func renew(
    _ core: Handle<RuntimeCore>,
    _ configuration: ProcessRuntime.Configuration,
    _ platform: any Platform,
    _ slots: consuming StackSlotTable
  ) {
    let servicesAddress = makeServices(from: core)
    let old = unsafe core.pointer.move()
    var table = old.takeTable()
    table.beginAnew(core)
    unsafe core.pointer.initialize(
      to: RuntimeCore(
        configuration: configuration,
        platform: platform,
        table: table,
        slots: slots,
        servicesAddress: servicesAddress
      )
    )
  }
}
