// SPDX-License-Identifier: Apache-2.0
//
// What the parts of fault handling know of each other.
#ifndef JOIST_FAULT_H
#define JOIST_FAULT_H

#include "CJoist.h"

#include <ucontext.h>

/// What an address belongs to.
enum joist_place {
  joist_place_program,
  /// Swift's runtime and what comes with it: it finishes what it does, or reports a fault of its caller's.
  joist_place_swift,
  /// Libraries that may hold locks of their own.
  joist_place_library,
  /// The libraries of C and C++, and the loader.
  joist_place_system,
};

/// Whether an address is in the dynamic loader, where that is not the C library itself.
bool joist_is_in_loader(uintptr_t address);

/// Looks what is loaded, where anything was loaded since (W30). Takes the loader's lock.
void joist_modules_note(void);

/// Finds where locks are held while a callback runs (W25).
void joist_locks_learn(void);

/// Whether a frame with that return address holds a lock (W25).
bool joist_is_under_lock(uintptr_t frame);

/// Whether Swift's runtime died while it made a type, and holds a lock of its own (W45).
bool joist_makes_type(const struct joist_fault *fault);

/// Whether a queue of Dispatch's is held by a frame of that stack (W31).
bool joist_holds_queue(const struct joist_words *words, uintptr_t low, uintptr_t top);

/// Puts back what Dispatch noted of queues that a frame of that stack holds (W32).
void joist_leave_queues(const struct joist_words *words, uintptr_t low, uintptr_t top);

/// Has the calling thread never end (W32).
void joist_thread_keep(void);

/// Prepares what the functions below need: looks what is loaded, and finds where locks are held.
void joist_frames_prepare(void);

enum joist_place joist_place_of(uintptr_t address);

/// The frames of an interrupted stack, outwards, and whether one holds a lock that nobody would let go of (W22).
void joist_frames_collect(struct joist_fault *fault, const ucontext_t *context, uintptr_t low, uintptr_t top);

/// Adds the frames from that frame pointer outwards.
void joist_frames_walk(struct joist_fault *fault, uintptr_t fp, uintptr_t low, uintptr_t top);

/// Has a function of an interrupted stack return to `joist_fault_landing` and not to its caller: the outermost one that
/// the program called (W20), or further in the one that a function of `recursion` called, if that is not null (W41).
/// False where there is none.
bool joist_frames_redirect(ucontext_t *context, uintptr_t low, uintptr_t top,
                           const struct joist_recursion *recursion);

/// Finds the functions of a stack that ends at `low` whose frames are at least that distance further out (W42).
void joist_recursion_find(struct joist_recursion *recursion, const ucontext_t *context, uintptr_t low, uintptr_t top,
                          size_t distance);

/// Whether a frame with that return address is nearer than those, and is one of the same functions'.
bool joist_recursion_has(const struct joist_recursion *recursion, uintptr_t return_address, uintptr_t frame_address);

/// Whether the interrupted function is one of them.
bool joist_recursion_has_pc(const struct joist_recursion *recursion, uintptr_t pc);

/// What happens to a stack that has ended inside a library.
enum joist_overflow {
  /// The fault is not contained.
  joist_overflow_passes,
  /// The library goes on, on a part of the guard, and returns to `joist_fault_landing` (W20).
  joist_overflow_finishes,
  /// All of the stack's frames are left at once (W42).
  joist_overflow_ends,
};

/// Decides that, for a stack whose usable part ends at `low`, and opens what the library needs (W40).
enum joist_overflow joist_reserve_use(struct joist_site *site, ucontext_t *context, uintptr_t low, uintptr_t top);

/// The two words of the stack that runs; null where none does.
static inline uintptr_t *joist_running_bounds(const struct joist_site *site) {
  const char *record = *site->running;
  return record == NULL ? NULL : *(uintptr_t *const *)(record + site->stack_offset);
}

/// Where a redirected return goes on.
extern const char joist_fault_landing[];

/// An address without the signature that some ARM64 code puts into a return address.
static inline uintptr_t joist_plain(uintptr_t address) {
#if defined(__aarch64__)
  register uintptr_t x30 __asm__("x30") = address;
  __asm__("hint #7" : "+r"(x30));  // xpaclri
  return x30;
#else
  return address;
#endif
}

/// Whether a frame pointer may be one of a stack's.
static inline bool joist_is_frame(uintptr_t fp, uintptr_t low, uintptr_t top) {
  return fp >= low && fp < top - 2 * sizeof(uintptr_t) && fp % sizeof(uintptr_t) == 0;
}

/// The number that unwinders give the frame pointer's register.
#if defined(__x86_64__)
#define JOIST_FP_REGISTER 6
#else
#define JOIST_FP_REGISTER 29
#endif

/// Registers of an interrupted context.
static inline uintptr_t joist_context_pc(const ucontext_t *context) {
#if defined(__linux__) && defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__linux__)
  return (uintptr_t)context->uc_mcontext.pc;
#elif defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext->__ss.__rip;
#else
  return (uintptr_t)context->uc_mcontext->__ss.__pc;
#endif
}

static inline uintptr_t joist_context_sp(const ucontext_t *context) {
#if defined(__linux__) && defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__linux__)
  return (uintptr_t)context->uc_mcontext.sp;
#elif defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext->__ss.__rsp;
#else
  return (uintptr_t)context->uc_mcontext->__ss.__sp;
#endif
}

static inline uintptr_t joist_context_fp(const ucontext_t *context) {
#if defined(__linux__) && defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
#elif defined(__linux__)
  return (uintptr_t)context->uc_mcontext.regs[29];
#elif defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext->__ss.__rbp;
#else
  return (uintptr_t)context->uc_mcontext->__ss.__fp;
#endif
}

#endif
