// SPDX-License-Identifier: Apache-2.0
//
// Tells the sanitizers about stacks and pools. ThreadSanitizer tracks the call stack and the clock of each thread. A
// switch between stacks must change both; otherwise all processes on a thread are one to the sanitizer.
// AddressSanitizer knows malloc, and must be told about pools. This file is empty in every other build. Rules:
// W26. Under ThreadSanitizer each stack that is switched to has a fiber, by which the sanitizer knows the stack. The
//      word for the fiber is part of the saved context, so it moves with the frames when they are copied away and back.
//      A laid context has no fiber. It is created at the first switch to the context, and also noted above the context
//      for `joist_stack_end`.
// W27. Code that runs on one thread runs in order, whatever stack it is on. So a switch is a happens-before edge
//      between the two fibers, and the sanitizer reports two processes that use the same memory only when they run on
//      different threads.
#include "sanitizer.h"

#if defined(JOIST_HAS_FIBERS)

#include "CJoist.h"

#include <sanitizer/tsan_interface.h>

// These functions are entered on one fiber and left on another, so the sanitizer must not count their calls.
#define UNSEEN __attribute__((disable_sanitizer_instrumentation))

// Implemented in assembly. They save the third argument as the fiber of the stack that is left.
void joist_switch_plain(void **save, void *load, void *left);
void joist_switch_alike_plain(void **save, void *load, void *left);

UNSEEN static void **fiber_of(void *context) { return (void **)((char *)context + JOIST_FIBER_AT); }
UNSEEN static void **note_above(void *context) { return (void **)((char *)context + JOIST_CONTEXT_BYTES); }

// Changes to the fiber of a context. Returns the fiber that was left.
UNSEEN static void *change_fiber(void *context) {
  void *left = __tsan_get_current_fiber(), **fiber = fiber_of(context);
  if (*fiber == NULL) *fiber = *note_above(context) = __tsan_create_fiber(0);  // (W26)
  __tsan_switch_to_fiber(*fiber, 0);  // (W27)
  return left;
}

UNSEEN void joist_switch(void **save, void *load) { joist_switch_plain(save, load, change_fiber(load)); }
UNSEEN void joist_switch_alike(void **save, void *load) { joist_switch_alike_plain(save, load, change_fiber(load)); }

UNSEEN void joist_fiber_keep(void *context) {
  *fiber_of(context) = *note_above(context) = __tsan_get_current_fiber();
}

UNSEEN void joist_fiber_end(void *top) {
  void **note = (void **)top - JOIST_WORDS_ABOVE;
  if (*note == NULL) return;
  __tsan_destroy_fiber(*note);
  *note = NULL;
}

#pragma mark - Replacements for calls that mislead the sanitizer; `Scripts/check tsan` links the calls to these

// Swift reports each change within a structure to the sanitizer as a write to its first byte, in order to find
// overlapping accesses. The fields of one structure of Joist have different owners, so such writes are no race. The
// sanitizer checks the loads and stores themselves in any case.
UNSEEN void __wrap___tsan_external_write(void *address, void *caller, void *tag) {
  (void)address, (void)caller, (void)tag;
}

#if defined(__linux__)

// Swift's `Mutex` is locked and unlocked by code in the program itself, where the sanitizer sees it, unless another
// thread waits for it. Then a library does it, in `_MutexHandle._lockSlow` and `_unlockSlow`. The originals are weak,
// so that a program that does not wrap them links.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *lock

SWIFT __attribute__((weak)) void real_lock_slow(uint32_t thread, SELF) __asm__("__real_" LOCK_SLOW);
SWIFT __attribute__((weak)) void real_unlock_slow(SELF) __asm__("__real_" UNLOCK_SLOW);
SWIFT void wrapped_lock_slow(uint32_t thread, SELF) __asm__("__wrap_" LOCK_SLOW);
SWIFT void wrapped_unlock_slow(SELF) __asm__("__wrap_" UNLOCK_SLOW);

UNSEEN SWIFT void wrapped_lock_slow(uint32_t thread, SELF) {
  real_lock_slow(thread, lock);
  __tsan_acquire(lock);
}

UNSEEN SWIFT void wrapped_unlock_slow(SELF) {
  __tsan_release(lock);
  real_unlock_slow(lock);
}

#endif

#endif

#if defined(JOIST_MARKS_POOLS)

#include "CJoist.h"

#include <sanitizer/asan_interface.h>

void joist_mark_free(void *start, size_t bytes) { __asan_poison_memory_region(start, bytes); }
void joist_mark_used(void *start, size_t bytes) { __asan_unpoison_memory_region(start, bytes); }

#endif
