// SPDX-License-Identifier: Apache-2.0
//
// ThreadSanitizer follows a thread by its stack of calls and its clock; a switch between stacks has to change both, or
// every process on a thread is one and the same to it. AddressSanitizer knows of malloc, and has to be told of pools.
// This file is empty in every other build. Rules:
// W26. Under ThreadSanitizer each stack that is switched to has a fibre, what the sanitizer knows a stack by. The word
//      for it is part of the saved context, so it goes with the frames when they are copied away and back. A laid
//      context has none: it is created at the first switch there, and noted above the context for `joist_stack_end`.
// W27. What runs on one thread runs in order, whatever stack it is on: so a switch is a happens-before between the two
//      fibres. Two processes that use the same memory are told of only when they run on different threads.
#include "sanitizer.h"

#if defined(JOIST_HAS_FIBRES)

#include "CJoist.h"

#include <sanitizer/tsan_interface.h>

// Calls in here are made by one fibre and left by another, which the sanitizer must not count.
#define UNSEEN __attribute__((disable_sanitizer_instrumentation))

// In assembly: they save the third argument as the fibre of the stack that is left.
void joist_switch_plain(void **save, void *load, void *left);
void joist_switch_alike_plain(void **save, void *load, void *left);

UNSEEN static void **fibre_of(void *context) { return (void **)((char *)context + JOIST_FIBRE_AT); }
UNSEEN static void **note_above(void *context) { return (void **)((char *)context + JOIST_CONTEXT_BYTES); }

// Goes over to the fibre of a context; the one that was left.
UNSEEN static void *change_fibre(void *context) {
  void *left = __tsan_get_current_fiber(), **fibre = fibre_of(context);
  if (*fibre == NULL) *fibre = *note_above(context) = __tsan_create_fiber(0);  // (W26)
  __tsan_switch_to_fiber(*fibre, 0);  // (W27)
  return left;
}

UNSEEN void joist_switch(void **save, void *load) { joist_switch_plain(save, load, change_fibre(load)); }
UNSEEN void joist_switch_alike(void **save, void *load) { joist_switch_alike_plain(save, load, change_fibre(load)); }

UNSEEN void joist_fibre_keep(void *context) {
  *fibre_of(context) = *note_above(context) = __tsan_get_current_fiber();
}

UNSEEN void joist_fibre_end(void *top) {
  void **note = (void **)top - JOIST_WORDS_ABOVE;
  if (*note == NULL) return;
  __tsan_destroy_fiber(*note);
  *note = NULL;
}

#pragma mark - What the sanitizer is not told, or told wrongly; `Scripts/check tsan` links calls to these

// Swift tells the sanitizer of each change within a structure as of a write to its first byte, to find accesses that
// overlap. The fields of one of Joist's structures have different owners, so that is no race, and the loads
// and stores themselves are looked at in any case.
UNSEEN void __wrap___tsan_external_write(void *address, void *caller, void *tag) {
  (void)address, (void)caller, (void)tag;
}

#if defined(__linux__)

// Swift's `Mutex` is taken and let go of in the program itself, where the sanitizer sees it, unless another thread
// waits for it: then in a library, by `_MutexHandle._lockSlow` and `_unlockSlow`. They are weak so that a program links
// that does not wrap them.
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
