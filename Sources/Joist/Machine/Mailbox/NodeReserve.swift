// SPDX-License-Identifier: Apache-2.0
//
// Reserved nodes for the notices of processes that end while there is no memory, so that a process that waits for such
// an end is told nevertheless.
// NR1. The memory of the reserve is allocated when the first runtime is created, and never given back. Only a process
//      that ends takes a node from it, after malloc and the pools had none. A node comes back when it was received or
//      discarded.
//
// If all nodes of the reserve are in use, the program stops: after a lost notice a process would wait forever.

import CJoist
import Synchronization

/// The program's reserve (NR1).
// Sound: free nodes are touched under the lock only, and a node that was taken belongs to its taker. The first word of
// a free node links it to the next.
@safe
final class NodeReserve: @unchecked Sendable {
  static let shared = NodeReserve()

  private let lock = SpinLock()
  private let memory = unsafe joist_allocate(Limits.reservedNodes * Limits.reservedNodeBytes, 64)
  /// The number of nodes that were ever taken; the memory behind them was never touched.
  private var begun = 0
  private var free: UnsafeMutableRawPointer?

  private init() {}

  /// Takes the memory of a node; returns nil if all are in use.
  func take() -> UnsafeMutableRawPointer? {
    guard let memory = unsafe memory else { return nil }
    lock.lockAmongRuntimes()
    defer { lock.unlock() }
    if let node = unsafe free {
      unsafe free = node.load(as: UnsafeMutableRawPointer?.self)
      return unsafe node
    }
    if begun == Limits.reservedNodes { return nil }
    begun += 1
    return unsafe memory + (begun - 1) * Limits.reservedNodeBytes
  }

  // Sound: the node belongs to the caller until it is linked, under the lock.
  /// Takes back the memory of a node.
  func give(_ node: UnsafeMutableRawPointer) {
    lock.lockAmongRuntimes()
    unsafe node.storeBytes(of: free, as: UnsafeMutableRawPointer?.self)
    unsafe free = node
    lock.unlock()
  }
}

extension Handle<Scheduler> {
  /// Whether the running process is ending and can no longer be found by its id.
  // Ordering: relaxed: the process's own generation (R9).
  fileprivate var isEnding: Bool {
    guard let process = it.running else { return false }
    return process.it.generation.load(ordering: .relaxed) != process.it.identity.generation
  }

  // Sound: the memory is passed on.
  /// Takes the memory of a node from the reserve for a process that ends (NR1), and stops the program if all are in
  /// use.
  ///
  /// Returns nil if the running process does not end, or the node is larger than a notice.
  func takeReserved(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard isEnding, bytes <= Limits.reservedNodeBytes else { return nil }
    if let node = unsafe NodeReserve.shared.take() { return unsafe node }
    stopTheProgram("P5: there is no memory to tell of the end of a process")
  }
}
