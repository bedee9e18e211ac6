// SPDX-License-Identifier: Apache-2.0
//
// Stacks of virtual threads. A stack is mapped once and reused by later simulations.

import Joist
import Synchronization

/// A stack with a guard below it.
// Sound: one thread uses a stack at a time, and a lock protects the list of free ones.
@safe
struct VirtualStack: ~Copyable {
  let top: UnsafeMutableRawPointer
  private var next: Handle<VirtualStack>?

  private static let bytes = 512 << 10
  private static let guardBytes = 64 << 10
  private static let free = Mutex<Handle<VirtualStack>?>(nil)

  // Sound: nothing else refers to a new mapping.
  private init() {
    let all = VirtualStack.bytes + VirtualStack.guardBytes
    guard let start = unsafe HostPlatform.shared.reserve(bytes: all) else {
      fatalError("Joist: the system gave no memory for the stack of a simulated thread")
    }
    _ = unsafe HostPlatform.shared.guardPages(start, bytes: VirtualStack.guardBytes)
    unsafe top = start + all
  }

  static func take() -> Handle<VirtualStack> {
    let found = free.withLock { free in
      let first = free
      free = first?.it.next
      return first
    }
    return found ?? .allocate(VirtualStack())
  }

  fileprivate static func keep(_ stack: Handle<VirtualStack>) {
    free.withLock { free in
      stack.it.next = free
      free = stack
    }
  }
}

extension Handle<VirtualStack> {
  /// Returns the stack to the pool; nothing on it may be in use.
  func giveBack() { VirtualStack.keep(self) }
}
