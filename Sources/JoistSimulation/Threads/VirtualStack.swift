// SPDX-License-Identifier: Apache-2.0
//
// Stacks for virtual threads: mapped once, used by one simulation after the other.

import Joist
import Synchronization

/// A stack with a guard below it.
// Sound: one thread has it at a time; the list of free ones is under a lock.
@safe
struct VirtualStack: ~Copyable {
  let top: UnsafeMutableRawPointer
  private var next: Handle<VirtualStack>?

  private static let bytes = 512 << 10
  private static let guardBytes = 64 << 10
  private static let free = Mutex<Handle<VirtualStack>?>(nil)

  // Sound: a new mapping is nobody else's.
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
  /// Nothing on it is needed any more.
  func giveBack() { VirtualStack.keep(self) }
}
