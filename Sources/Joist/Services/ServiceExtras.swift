// SPDX-License-Identifier: Apache-2.0
//
// The services' part of a process's extras (`ProcessExtras`), which lies behind the machine's in the same allocation.
// Rule PX2 holds for it as for the machine's part.

import Synchronization

/// The state of the services for one process.
struct ServiceExtras: ~Copyable {
  /// The lock of the watches and links.
  ///
  /// The other fields belong to the process (PS1).
  let lock = SpinLock()
  /// The watchers that are told when it ends.
  var watches = SlotMap<Watch>()
  /// The processes that it is linked to.
  var links = SlotMap<Link>()
  /// The processes that it monitors.
  var monitors = Monitors()
  /// The requests that it has received and may still answer.
  var calls = OpenCalls()
  /// The address of its private heap (PH3); zero until the record first has one.
  let heap = Atomic<UInt>(0)
  /// The parent with which it ends, if it is a server that has one.
  var parentExit: ParentExit?
  /// The supervisor's name for it, if it is a supervisor's child.
  var child: Report.Child?
}

/// Both parts, in the layout in which they are allocated.
private struct AllExtras: ~Copyable {
  var process = ProcessExtras()
  var services = ServiceExtras()

  /// The distance from the first part to the second, in bytes.
  static var servicesOffset: Int {
    let alignment = MemoryLayout<ServiceExtras>.alignment
    return (MemoryLayout<ProcessExtras>.size + alignment - 1) / alignment * alignment
  }
}

extension Handle<ProcessRecord> {
  /// The size of both parts of a process's extras, in bytes.
  static var extrasBytes: Int { MemoryLayout<AllExtras>.size }

  /// Allocates both parts, or finds those that another thread has just allocated; nil if there is no memory.
  func allocateExtras() -> UInt? {
    Handle<AllExtras>.install(AllExtras(), in: it.extrasBits) == nil ? nil : extrasAddress
  }

  /// Its `ServiceExtras`, if the record has extras.
  var servicesIfAny: Handle<ServiceExtras>? {
    let address = extrasAddress
    return address == 0 ? nil : services(at: address)
  }

  /// Its `ServiceExtras`, allocated now if the record has none; ends the process if there is no memory for them.
  func services() -> Handle<ServiceExtras> {
    guard let address = extrasAddressIfPossible else { endForLackOfMemory() }
    return services(at: address)
  }

  private func services(at address: UInt) -> Handle<ServiceExtras> {
    Handle<ServiceExtras>(address: address &+ UInt(AllExtras.servicesOffset))
  }

  /// Tells callers, watchers and linked processes that it has ended, and takes its monitors back.
  func endServices(_ services: Handle<ServiceExtras>, _ reason: ExitReason) {
    if !services.it.calls.isEmpty { services.it.calls.takeAll().each { $0.fail(reason) } }
    tellWatchersAndLinked(it.identity, reason)
    endMonitors()
    if services.it.parentExit != nil { services.it.parentExit = nil }
    if services.it.child != nil { services.it.child = nil }
  }

  /// The bytes that the services' part has allocated besides itself; the caller has the process.
  var serviceBytes: Int {
    guard let services = servicesIfAny else { return 0 }
    var bytes = services.it.monitors.bytes
    services.it.lock.lock()
    bytes += services.it.watches.bytes + services.it.links.bytes
    services.it.lock.unlock()
    // Ordering: relaxed: the process's own.
    if services.it.heap.load(ordering: .relaxed) != 0 { bytes += MemoryLayout<PrivateHeap>.size }
    return bytes
  }
}

/// The types of the services whose metadata the end of a process needs (FA5).
let serviceTypesOfAnEnd: [Any.Type] =
  [Report?.self] + SlotMap<Watch>.types + SlotMap<Link>.types + Monitors.types
