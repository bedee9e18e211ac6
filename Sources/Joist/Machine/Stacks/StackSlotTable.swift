// SPDX-License-Identifier: Apache-2.0
//
// All slots of a runtime, the saved frames of processes that do not have them in their slots, and the processes that
// wait for a slot. Rules U1 to U11. A runtime that has fewer suspended processes than slots uses nothing here on its
// fast path.

import CJoist
import Synchronization

/// The slots of a runtime, in one range of addresses, made in blocks when they are needed.
@safe
package struct StackSlotTable: ~Copyable {
  let lock = SpinLock()
  let platform: any Platform
  /// The reserved addresses; nil after `release`.
  private var base: UnsafeMutableRawPointer?
  private var slots: UnsafeMutablePointer<StackSlot>?
  /// The maximum number of slots, less than was asked for if the system has no addresses for all of them.
  private(set) var limit: Int
  private let bytes: Int
  /// The number of slots that have been made; grows under the lock.
  // Ordering: relaxed; read without the lock only to guess whether a look at the slots is worthwhile.
  private(set) var made: Int {
    get { madeWord.load(ordering: .relaxed) }
    nonmutating set { madeWord.store(newValue, ordering: .relaxed) }
  }
  private let madeWord = Atomic<Int>(0)
  /// The free slots, which no process belongs to, by NUMA node.
  private let free: Handle<StackSlotCache>
  /// The free slots without pages: the pages were given back, or there were never any.
  private var clean = StackSlotCache()
  /// The slots that have sharers and no occupant.
  private var empty = StackSlotCache()
  /// The first of the dedicated slots.
  private var dedicated: Handle<StackSlot>?
  /// The slot at which the search for a parked process continues.
  private var hand = 0
  /// The time on the cheap clock at which that search was last at the first slot.
  private var passBegan: UInt64 = 0
  /// The slot that was last examined for reclaiming (U7).
  private var reclaimHand = 0
  /// The unassigned processes that wait for any slot (U5).
  private var unassigned = ReadyList()
  /// Whether the next slot that is left goes to an unassigned process even if a sharer waits for it: they alternate.
  private var isUnassignedNext = false
  let savedFramesPool: BlockDepots<SavedFramesPool>
  /// The number of unassigned processes that wait; read at every switch, changed under the lock (U9).
  private let pressure = Atomic<Int>(0)
  /// The number of all processes that wait for a slot.
  private let waitingCount = Atomic<Int>(0)
  /// The number of free slots that a regular scheduler may cache (U6); grows with `made`.
  private let cacheLimit = Atomic<Int>(0)
  private let regularSchedulers: Int
  /// The rate of the cheap clock.
  private let ticksPerSecond: UInt64

  private var stride: Int { bytes + Limits.guardBytes }
  /// Returns the distance of a stack's top from a page's end; it varies, so that first frames do not share cache sets.
  private static func colour(_ index: Int) -> Int { index % 16 * 128 }

  /// Makes a table that has addresses for all its slots, and makes the first of them.
  ///
  /// Throws if the system has no addresses for the minimum number of slots, or no mapping for a single guard.
  static func make(
    _ configuration: ProcessRuntime.Configuration,
    schedulers: Int,
    _ platform: any Platform
  ) throws(ResourceError) -> StackSlotTable {
    var table = StackSlotTable(configuration, schedulers: schedulers, platform)
    let (minSlots, kibibytes) = (min(table.limit, Limits.slotsInABlock), table.bytes >> 10)
    guard table.reserve(atLeast: minSlots) else {
      throw ResourceError(what: "addresses for \(minSlots) stacks of \(kibibytes) KiB: lower slotBytes")
    }
    table.makeBlock()
    if table.made == 0 {
      table.release()
      throw ResourceError(what: "guard for a stack: the program has too many mappings")
    }
    return table
  }

  private init(_ configuration: ProcessRuntime.Configuration, schedulers: Int, _ platform: any Platform) {
    self.platform = platform
    savedFramesPool = BlockDepots(nodes: platform.numa.count)
    free = .allocate(count: platform.numa.count) { StackSlotCache() }
    regularSchedulers = schedulers
    ticksPerSecond = platform.ticks.perSecond
    limit = configuration.slots
    bytes = (configuration.slotBytes + 65_535) / 65_536 * 65_536
  }

  deinit { free.free(count: platform.numa.count) }

  /// The number of ready processes that wait for a slot.
  // Ordering: acquiring pairs with the releases below: a reader that sees a process removed sees what the thread that
  // was awake for it did before (ID2).
  var waiting: Int { waitingCount.load(ordering: .acquiring) }

  /// The number of free slots that a regular scheduler may cache (U6).
  // Ordering: relaxed, a guess: it only grows.
  @inline(__always)
  var maxKept: Int { cacheLimit.load(ordering: .relaxed) }

  /// Whether unassigned processes wait; for a thread that has parked a process (U9) or holds the lock.
  // Ordering: relaxed, behind the fence.
  @inline(__always)
  var isUnderPressure: Bool {
    joist_light_fence()
    return pressure.load(ordering: .relaxed) > 0
  }

  /// Returns whether another process wants the slot of `process`, at about this moment.
  // Ordering: relaxed. A process that yields looks again after its next slice. If one ends and its scheduler misses an
  // unassigned process, that scheduler caches the slot. But all schedulers together cache at most half of all slots
  // (U6). A process that has one of the others leaves it, or is parked, and an unassigned process that finds none waits
  // for that.
  @inline(__always)
  func isWanted(_ process: ProcessHandle) -> Bool {
    process.it.signals.relaxed.contains(.slotWanted) || pressure.load(ordering: .relaxed) > 0
  }

  // MARK: Making

  /// Takes a slot that no process belongs to, of the given NUMA node if there is one (NU2).
  ///
  /// Returns nil if there is none and none can be made. Under the lock.
  mutating func takeFree(near node: Int) -> Handle<StackSlot>? {
    if let slot = free.advanced(by: node).it.take() { return slot }
    if clean.count == 0 && made < limit { makeBlock() }
    if let slot = clean.take() {
      slot.it.node = node
      return slot
    }
    for other in 0..<platform.numa.count { if let slot = free.advanced(by: other).it.take() { return slot } }
    return nil
  }

  /// Puts back a slot that no process belongs to any more.
  ///
  /// Under the lock.
  mutating func putFree(_ slot: Handle<StackSlot>) {
    slot.it.isReclaimed = false
    free.advanced(by: slot.it.node).it.put(slot)
  }

  /// Takes all slots out of a scheduler's cache and puts them back.
  mutating func put(_ slots: inout StackSlotCache) {
    lock.lock()
    while let slot = slots.take() { putFree(slot) }
    lock.unlock()
  }

  /// Gives the pages of free slots back, also of those that became free while they were listed without an occupant.
  mutating func discardFree() {
    freeEmpty()
    for node in 0..<platform.numa.count {
      while let slot = takeFree(of: node) {
        slot.discard(on: platform)
        lock.lock()
        clean.put(slot)
        lock.unlock()
      }
    }
  }

  private func takeFree(of node: Int) -> Handle<StackSlot>? {
    lock.lock()
    defer { lock.unlock() }
    return free.advanced(by: node).it.take()
  }

  /// Makes those slots free that are listed without an occupant and have no sharers any more.
  private mutating func freeEmpty() {
    lock.lock()
    defer { lock.unlock() }
    var others = StackSlotCache()
    while let slot = takeEmpty() { if slot.it.sharers == 0 { putFree(slot) } else { others.put(slot) } }
    while let slot = others.take() { putEmpty(slot) }
  }

  // Sound: the reservation is the table's; a block's slots are initialised before any thread gets one.
  private mutating func makeBlock() {
    let count = min(max(Limits.slotsInABlock, regularSchedulers * 8), limit - made)
    guard count > 0, unsafe base != nil, SplitMappings.allow(count, platform) || made == 0 else { return }
    var end = made
    while end < made + count, unsafe platform.guardPages(base! + end * stride, bytes: Limits.guardBytes) { end += 1 }
    var index = end
    while index > made {
      index -= 1
      let low = UInt(bitPattern: unsafe base! + index * stride) + UInt(Limits.guardBytes)
      let top = low + UInt(bytes - StackSlotTable.colour(index))
      unsafe (slots! + index).initialize(to: StackSlot(low: low, top: top, isShared: true))
      clean.put(slot(index))
    }
    SplitMappings.giveBack(made + count - end, platform)
    made = end
    cacheLimit.store(min(Limits.slotsKept, made / (regularSchedulers * 2)), ordering: .relaxed)
  }

  /// Reserves addresses, for fewer slots if there are not enough or hardly any would be left for others.
  // Sound: both reservations are kept until `release`, or released at once.
  private mutating func reserve(atLeast minSlots: Int) -> Bool {
    while true {
      if leavesAddresses(limit * stride), let stacks = unsafe platform.reserve(bytes: limit * stride) {
        if let headers = unsafe platform.reserve(bytes: limit * MemoryLayout<StackSlot>.stride) {
          unsafe base = stacks
          unsafe slots = headers.bindMemory(to: StackSlot.self, capacity: limit)
          return true
        }
        unsafe platform.release(stacks, bytes: limit * stride)
      }
      if limit == minSlots { return false }
      limit = max(minSlots, limit / 2)
    }
  }

  /// Returns whether as many addresses again, or enough, would be left for threads and the rest of the program.
  // Sound: what is reserved is released at once.
  private func leavesAddresses(_ bytes: Int) -> Bool {
    let all = bytes + min(bytes, Limits.addressesLeft)
    guard let trial = unsafe platform.reserve(bytes: all) else { return false }
    unsafe platform.release(trial, bytes: all)
    return true
  }

  // Sound: indices below `made`, and those of the block that is being made, are initialised.
  private func slot(_ index: Int) -> Handle<StackSlot> { unsafe Handle(slots! + index) }

  /// Gives all addresses back, when no process is left.
  // Sound: nothing refers to a slot any more.
  mutating func release() {
    savedFramesPool.release()
    SplitMappings.giveBack(made, platform)
    if let start = unsafe base { unsafe platform.release(start, bytes: limit * stride) }
    if let headers = unsafe slots { unsafe platform.release(headers, bytes: limit * MemoryLayout<StackSlot>.stride) }
    unsafe base = nil
    unsafe slots = nil
    made = 0
    for node in 0..<platform.numa.count { free.advanced(by: node).it = StackSlotCache() }
    clean = StackSlotCache()
    empty = StackSlotCache()
  }

  // MARK: Dedicated slots

  /// Adds the dedicated slot of a process.
  mutating func add(_ slot: Handle<StackSlot>, for process: ProcessHandle) {
    lock.lock()
    slot.it.occupant = process
    slot.it.next = dedicated
    dedicated?.it.previous = slot
    dedicated = slot
    lock.unlock()
  }

  /// Removes the dedicated slot of a process that has ended or was not made, and gives its memory back.
  mutating func releaseDedicated(_ slot: Handle<StackSlot>) {
    lock.lock()
    slot.it.next?.it.previous = slot.it.previous
    if let previous = slot.it.previous { previous.it.next = slot.it.next } else { dedicated = slot.it.next }
    lock.unlock()
    slot.releaseDedicated(on: platform)
  }

  /// Claims some of the processes that have been parked since then and whose stacks are to shrink (U10).
  ///
  /// Under the lock.
  func claimDeep(since: UInt64, now: UInt64, _ claimed: inout ReadyList) {
    for index in 0..<min(made, Limits.slotsInABlock) { claimIfDeep(slot(index), since, now, &claimed) }
    var next = dedicated
    while let slot = next, claimed.count < Limits.shrinkBatch {
      next = slot.it.next
      claimIfDeep(slot, since, now, &claimed)
    }
  }

  // Ordering: relaxed, guesses; the claim decides.
  private func claimIfDeep(_ slot: Handle<StackSlot>, _ since: UInt64, _ now: UInt64, _ claimed: inout ReadyList) {
    guard let occupant = slot.it.occupant, isParked(occupant, before: since, now) else { return }
    let wait = occupant.it.wait.load(ordering: .relaxed)
    guard slot.it.shrunkFor != wait, occupant.it.inbox.claim() else { return }
    slot.it.shrunkFor = wait
    claimed.append(occupant)
  }

  // MARK: Waiting; under the lock.

  /// Lists a slot that has sharers and no occupant.
  // Ordering: relaxed, under the lock; `isListed` explains why the store in `takeEmpty` releases.
  mutating func putEmpty(_ slot: Handle<StackSlot>) {
    if slot.it.isListed.load(ordering: .relaxed) { return }
    slot.it.isListed.store(true, ordering: .relaxed)
    empty.put(slot)
  }

  /// Takes a slot without an occupant, possibly without sharers by now, off the list; nil if there is none.
  mutating func takeEmpty() -> Handle<StackSlot>? {
    while let slot = empty.take() {
      // Read while the slot is listed: after that its occupant may leave it without the lock.
      let isEmpty = slot.it.occupant == nil
      slot.it.isListed.store(false, ordering: .releasing)
      if isEmpty { return slot }
    }
    return nil
  }

  /// Adds an unassigned process to those that wait.
  // Ordering: U9 for `pressure`, ID2 for the count of all processes that wait, here and below.
  mutating func addUnassigned(_ process: ProcessHandle) {
    unassigned.append(process)
    pressure.wrappingAdd(1, ordering: .relaxed)
    waitingCount.wrappingAdd(1, ordering: .releasing)
  }

  /// Removes a process that has found a slot by itself from those that wait.
  mutating func removeUnassigned(_ process: ProcessHandle) {
    if unassigned.remove(process, within: .max) { countUnassignedGone() }
  }

  private func countUnassignedGone() {
    pressure.wrappingSubtract(1, ordering: .relaxed)
    waitingCount.wrappingSubtract(1, ordering: .releasing)
  }

  /// Adds a sharer to the processes that wait for its slot.
  mutating func addWaiting(_ process: ProcessHandle, for slot: Handle<StackSlot>) {
    slot.it.waiting.append(process)
    waitingCount.wrappingAdd(1, ordering: .releasing)
  }

  /// Calls a closure with the first process of each list of waiting processes, while nothing changes.
  func forEachWaiting(_ body: (ProcessHandle?) -> Void) {
    body(unassigned.first)
    for index in 0..<made { body(slot(index).it.waiting.first) }
  }

  /// Calls a closure with every shared slot that was made.
  func forEachMade(_ body: (Handle<StackSlot>) -> Void) { for index in 0..<made { body(slot(index)) } }

  /// Makes a waiting process the occupant of a slot that is being left, and returns it; nil if none waits.
  ///
  /// Sharers and unassigned processes are chosen alternately.
  mutating func choose(for slot: Handle<StackSlot>) -> ProcessHandle? {
    if isUnassignedNext || slot.it.waiting.count == 0, let process = unassigned.removeFirst() {
      isUnassignedNext = false
      countUnassignedGone()
      process.it.slot = slot
      slot.it.sharers += 1
      slot.receive(process)
      return process
    }
    guard let process = slot.it.waiting.removeFirst() else { return nil }
    isUnassignedNext = true
    waitingCount.wrappingSubtract(1, ordering: .releasing)
    slot.receive(process)
    return process
  }

  /// Continues the search for a parked occupant until one can be claimed, and returns its slot.
  ///
  /// If `sparing`, the search passes over processes that began to wait after it was last at the first slot (a clock
  /// with a second chance). Otherwise it also accepts a reclaimed slot.
  mutating func findCold(
    _ now: UInt64,
    among processes: Int,
    sparing: Bool,
    _ claim: (ProcessHandle, Handle<StackSlot>) -> Bool
  ) -> Handle<StackSlot>? {
    let end = sparing && areFew(for: processes) ? min(made, Limits.slotsForManyProcesses) : made
    for _ in 0..<end {
      hand += 1
      if hand >= end || passBegan == 0 {
        hand = 0
        passBegan = now
      }
      let slot = slot(hand)
      if let occupant = slot.it.occupant {
        if isParked(occupant, before: sparing ? passBegan : .max, now), claim(occupant, slot) { return slot }
      } else if !sparing && slot.it.isReclaimed {
        return slot
      }
    }
    return nil
  }

  /// Returns whether there are many times as many processes as slots, so that most processes wait for long (U7).
  func areFew(for processes: Int) -> Bool { processes / Limits.manyProcessesFactor > made }

  /// Examines at most `count` more slots and returns the first whose occupant has been parked since then (U7); nil if
  /// there is none among them.
  mutating func findIdle(_ count: Int, since: UInt64, now: UInt64) -> Handle<StackSlot>? {
    for _ in 0..<count where made > Limits.slotsInABlock {
      reclaimHand = reclaimHand + 1 < made ? reclaimHand + 1 : Limits.slotsInABlock
      let slot = slot(reclaimHand)
      if let occupant = slot.it.occupant, isParked(occupant, before: since, now) { return slot }
    }
    return nil
  }

  /// Returns whether a process has been parked since `time`.
  ///
  /// A wait that seems to begin a second or more in the future began before the cheap clock went back.
  // Ordering: relaxed. This is a guess, and `claim` decides. Where a process that is there must be found, U9 orders it.
  private func isParked(_ occupant: ProcessHandle, before time: UInt64, _ now: UInt64) -> Bool {
    guard occupant.it.state == .waiting else { return false }
    let since = WaitNote(bits: occupant.it.wait.load(ordering: .relaxed)).since
    return since <= time || since > now &+ ticksPerSecond
  }
}
