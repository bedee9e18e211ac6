// SPDX-License-Identifier: Apache-2.0
//
// All slots of a runtime, the images of processes that are not mounted, and who waits for a slot. Rules U1 to U11.
// Everything here is off the path of a runtime with fewer suspended processes than slots.

import CJoist
import Synchronization

/// Slots in one stretch of addresses, made in blocks when they are needed.
@safe
package struct StackSlotTable: ~Copyable {
  let lock = SpinLock()
  let platform: any Platform
  /// The reservation; nil after `release`.
  private var base: UnsafeMutableRawPointer?
  private var slots: UnsafeMutablePointer<StackSlot>?
  /// How many there can be: fewer than were asked for where the system has no addresses for all of them.
  private(set) var limit: Int
  private let bytes: Int
  /// How many there are: grows under the lock.
  // Ordering: relaxed; read without the lock only to guess whether a look at the slots is worth while.
  private(set) var made: Int {
    get { madeWord.load(ordering: .relaxed) }
    nonmutating set { madeWord.store(newValue, ordering: .relaxed) }
  }
  private let madeWord = Atomic<Int>(0)
  /// Free slots, by node: no process belongs to them.
  private let free: Handle<StackSlotCache>
  /// Others, whose pages were given back, or never had.
  private var clean = StackSlotCache()
  /// Slots with mates and without a resident.
  private var empty = StackSlotCache()
  /// Slots of processes that have one for themselves.
  private var dedicated: Handle<StackSlot>?
  /// Where the search for a cold process goes on, and when it last began at the first slot, on the cheap clock.
  private var hand = 0
  private var turnBegan: UInt64 = 0
  /// Which slot a sweep looked at last (U7).
  private var reclaimHand = 0
  /// Processes that wait for any slot (U5).
  private var unassigned = ReadyList()
  /// The next slot that is left goes to a newcomer, even if a mate waits for it: they take turns.
  private var isUnassignedNext = false
  let savedFramesPool: BlockDepots<SavedFramesPool>
  /// How many newcomers wait: read at every switch, changed under the lock (U9).
  private let pressure = Atomic<Int>(0)
  /// How many wait for slots at all.
  private let waitingCount = Atomic<Int>(0)
  /// How many free slots a regular scheduler may keep for itself (U6): grows with `made`.
  private let keep = Atomic<Int>(0)
  private let regularSchedulers: Int
  /// Of the cheap clock.
  private let ticksPerSecond: UInt64

  private var stride: Int { bytes + Limits.guardBytes }
  /// Stacks begin at different distances from a page's end, so that their first frames do not share cache sets.
  private static func colour(_ index: Int) -> Int { index % 16 * 128 }

  /// Makes a table with addresses for all slots that it will have, and the first of them.
  ///
  /// Throws where the system has no addresses for the few that it takes at least.
  static func make(
    _ configuration: ProcessRuntime.Configuration,
    schedulers: Int,
    _ platform: any Platform
  ) throws(ResourceError) -> StackSlotTable {
    var table = StackSlotTable(configuration, schedulers: schedulers, platform)
    let (least, kibibytes) = (min(table.limit, Limits.slotsInABlock), table.bytes >> 10)
    guard table.reserve(atLeast: least) else {
      throw ResourceError(what: "addresses for \(least) stacks of \(kibibytes) KiB: lower slotBytes")
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

  /// Processes that are ready and wait for a slot.
  // Ordering: acquiring pairs with the releases below: who sees one taken off sees whoever was awake for that (ID2).
  var waiting: Int { waitingCount.load(ordering: .acquiring) }

  /// How many free slots a regular scheduler may keep for itself (U6).
  // Ordering: relaxed, a guess: it only grows.
  @inline(__always)
  var maxKept: Int { keep.load(ordering: .relaxed) }

  /// Whether newcomers wait, for one who has parked a process (U9), or has the lock.
  // Ordering: relaxed, behind the fence.
  @inline(__always)
  var isUnderPressure: Bool {
    joist_light_fence()
    return pressure.load(ordering: .relaxed) > 0
  }

  /// Whether somebody wants the slot that this process has, at about this moment.
  // Ordering: relaxed. Who yields looks again after its next slice. Who ends and misses a newcomer keeps the slot for
  // its scheduler, but all schedulers together at most half of all slots (U6): whoever has another leaves it, or is
  // parked, and a newcomer that finds nothing waits for that one.
  @inline(__always)
  func isWanted(_ process: ProcessHandle) -> Bool {
    process.it.signals.relaxed.contains(.slotWanted) || pressure.load(ordering: .relaxed) > 0
  }

  // MARK: Making

  /// A slot that no process belongs to, of that node if there is one (NU2).
  ///
  /// Nil when there is none and none can be made. Under the lock.
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

  /// Takes one back that no process belongs to.
  ///
  /// Under the lock.
  mutating func putFree(_ slot: Handle<StackSlot>) {
    slot.it.isReclaimed = false
    free.advanced(by: slot.it.node).it.put(slot)
  }

  /// Takes back all that a scheduler keeps for itself.
  mutating func put(_ slots: inout StackSlotCache) {
    lock.lock()
    while let slot = slots.take() { putFree(slot) }
    lock.unlock()
  }

  /// Gives the pages of slots back that are free, or were when they were listed as empty.
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

  /// Those in the list of empty ones that nobody belongs to any more are free.
  private mutating func freeEmpty() {
    lock.lock()
    defer { lock.unlock() }
    var others = StackSlotCache()
    while let slot = takeEmpty() { if slot.it.sharers == 0 { putFree(slot) } else { others.put(slot) } }
    while let slot = others.take() { putEmpty(slot) }
  }

  // Sound: the reservation is the table's; a block's slots are initialised before anybody gets one.
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
    keep.store(min(Limits.slotsKept, made / (regularSchedulers * 2)), ordering: .relaxed)
  }

  // Sound: both reservations are kept until `release`, or given back at once.
  /// Reserves addresses, for fewer slots where there are not as many or hardly any would be left for others.
  private mutating func reserve(atLeast least: Int) -> Bool {
    while true {
      if leavesAddresses(limit * stride), let stacks = unsafe platform.reserve(bytes: limit * stride) {
        if let headers = unsafe platform.reserve(bytes: limit * MemoryLayout<StackSlot>.stride) {
          unsafe base = stacks
          unsafe slots = headers.bindMemory(to: StackSlot.self, capacity: limit)
          return true
        }
        unsafe platform.release(stacks, bytes: limit * stride)
      }
      if limit == least { return false }
      limit = max(least, limit / 2)
    }
  }

  // Sound: what is reserved is given back at once.
  /// Whether as much again is left for threads and the rest of the program, or enough.
  private func leavesAddresses(_ bytes: Int) -> Bool {
    let all = bytes + min(bytes, Limits.addressesLeft)
    guard let trial = unsafe platform.reserve(bytes: all) else { return false }
    unsafe platform.release(trial, bytes: all)
    return true
  }

  // Sound: indices below `made`, and those of the block that is being made, are initialised.
  private func slot(_ index: Int) -> Handle<StackSlot> { unsafe Handle(slots! + index) }

  /// Gives all addresses back: no process is left.
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

  // MARK: Dedicated ones

  /// Notes that a process has a stack of its own.
  mutating func add(_ slot: Handle<StackSlot>, for process: ProcessHandle) {
    lock.lock()
    slot.it.occupant = process
    slot.it.next = dedicated
    dedicated?.it.previous = slot
    dedicated = slot
    lock.unlock()
  }

  /// Its process has ended.
  mutating func removeDedicated(_ slot: Handle<StackSlot>) {
    lock.lock()
    slot.it.next?.it.previous = slot.it.previous
    if let previous = slot.it.previous { previous.it.next = slot.it.next } else { dedicated = slot.it.next }
    lock.unlock()
  }

  /// Adds parked processes that have waited since then and whose stacks are to shrink, some of them (U10).
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

  /// Lists a slot that has mates and no resident.
  // Ordering: under the lock; `isListed` says why the store in `takeEmpty` releases.
  mutating func putEmpty(_ slot: Handle<StackSlot>) {
    if slot.it.isListed.load(ordering: .relaxed) { return }
    slot.it.isListed.store(true, ordering: .relaxed)
    empty.put(slot)
  }

  /// A slot without a resident, and by now perhaps without mates.
  mutating func takeEmpty() -> Handle<StackSlot>? {
    while let slot = empty.take() {
      // Looked at while it is listed: after that its resident may leave it without the lock.
      let isEmpty = slot.it.occupant == nil
      slot.it.isListed.store(false, ordering: .releasing)
      if isEmpty { return slot }
    }
    return nil
  }

  // Ordering: U9 for `pressure`, ID2 for the count of all who wait, here and below.
  mutating func addUnassigned(_ process: ProcessHandle) {
    unassigned.append(process)
    pressure.wrappingAdd(1, ordering: .relaxed)
    waitingCount.wrappingAdd(1, ordering: .releasing)
  }

  /// Takes one off the list again that has found a slot by itself.
  mutating func removeUnassigned(_ process: ProcessHandle) {
    if unassigned.remove(process) { countUnassignedGone() }
  }

  private func countUnassignedGone() {
    pressure.wrappingSubtract(1, ordering: .relaxed)
    waitingCount.wrappingSubtract(1, ordering: .releasing)
  }

  mutating func addWaiting(_ process: ProcessHandle, for slot: Handle<StackSlot>) {
    slot.it.waiting.append(process)
    waitingCount.wrappingAdd(1, ordering: .releasing)
  }

  /// The first of each list of those that wait, while nothing changes.
  func forEachWaiting(_ body: (ProcessHandle?) -> Void) {
    body(unassigned.first)
    for index in 0..<made { body(slot(index).it.waiting.first) }
  }

  /// Calls a closure with every shared slot that was made.
  func forEachMade(_ body: (Handle<StackSlot>) -> Void) { for index in 0..<made { body(slot(index)) } }

  /// Who gets a slot that is being left: a mate or a newcomer, by turns.
  ///
  /// The slot is the chosen one's then.
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

  /// Goes on with the search for a parked process that is mounted, until one is claimed.
  ///
  /// With `sparing` those are passed over that began to wait after the search was last at the first slot (a clock with
  /// a second chance); without, a swept slot will do, too.
  mutating func findCold(
    _ now: UInt64,
    among processes: Int,
    sparing: Bool,
    _ claim: (ProcessHandle, Handle<StackSlot>) -> Bool
  ) -> Handle<StackSlot>? {
    let end = sparing && areFew(for: processes) ? min(made, Limits.slotsForMany) : made
    for _ in 0..<end {
      hand += 1
      if hand >= end || turnBegan == 0 {
        hand = 0
        turnBegan = now
      }
      let slot = slot(hand)
      if let occupant = slot.it.occupant {
        if isParked(occupant, before: sparing ? turnBegan : .max, now), claim(occupant, slot) { return slot }
      } else if !sparing && slot.it.isReclaimed {
        return slot
      }
    }
    return nil
  }

  /// Whether there are many times as many processes as slots: then most wait for long (U7).
  func areFew(for processes: Int) -> Bool { processes / Limits.timesAsMany > made }

  /// The next slot of a sweep whose resident has been parked for so long (U7); nil when none of so many is.
  mutating func findIdle(_ most: Int, since: UInt64, now: UInt64) -> Handle<StackSlot>? {
    for _ in 0..<most where made > Limits.slotsInABlock {
      reclaimHand = reclaimHand + 1 < made ? reclaimHand + 1 : Limits.slotsInABlock
      let slot = slot(reclaimHand)
      if let occupant = slot.it.occupant, isParked(occupant, before: since, now) { return slot }
    }
    return nil
  }

  // Ordering: relaxed, for this is a guess, and `claim` decides. Where it must find one that is there, U9 orders it.
  /// Whether a process has been parked since then.
  ///
  /// A wait that is said to begin a second from now or later began before the cheap clock went back.
  private func isParked(_ occupant: ProcessHandle, before time: UInt64, _ now: UInt64) -> Bool {
    guard occupant.it.state == .waiting else { return false }
    let since = WaitNote(bits: occupant.it.wait.load(ordering: .relaxed)).since
    return since <= time || since > now &+ ticksPerSecond
  }
}
