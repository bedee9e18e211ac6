// SPDX-License-Identifier: Apache-2.0
//
// Nodes for the notices of processes that end while there is no memory: whoever waits for such an end is told all the
// same.
// NR1. Its memory is had when the first runtime is made, and never given back. Only a process takes from it that ends,
//      after malloc and the pools had nothing; a node comes back when it was read or thrown away.
// NR2. Where all are in use the program stops: a notice that is lost has somebody wait for ever.

import CJoist
import Synchronization

/// The program's reserve (NR1).
// Sound: free nodes are touched under the lock alone, and one that was taken is its taker's. A free one's first word
// links it.
@safe
final class NodeReserve: @unchecked Sendable {
  static let shared = NodeReserve()

  private let lock = SpinLock()
  private let memory = unsafe joist_allocate(Limits.reservedNodes * Limits.reservedNodeBytes, 64)
  /// How many were ever taken out of the memory: the rest of it was never touched.
  private var begun = 0
  private var free: UnsafeMutableRawPointer?

  private init() {}

  /// A node's memory; nil when there is none (NR2).
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

  // Sound: the node is the giver's until it is linked, under the lock.
  /// Takes one back.
  func give(_ node: UnsafeMutableRawPointer) {
    lock.lockAmongRuntimes()
    unsafe node.storeBytes(of: free, as: UnsafeMutableRawPointer?.self)
    unsafe free = node
    lock.unlock()
  }
}

extension Handle<Scheduler> {
  /// Whether the process that runs here ends, and nobody finds it any more.
  // Ordering: its own generation (R9).
  fileprivate var isEnding: Bool {
    guard let process = it.running else { return false }
    return process.it.generation.load(ordering: .relaxed) != process.it.identity.generation
  }

  // Sound: passed on.
  /// A node's memory from the reserve, for a process that ends (NR1, NR2); nil for any other, and for what is larger
  /// than a notice.
  func takeReserved(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard isEnding, bytes <= Limits.reservedNodeBytes else { return nil }
    if let node = unsafe NodeReserve.shared.take() { return unsafe node }
    stopTheProgram("P5: there is no memory to tell of the end of a process")
  }
}
