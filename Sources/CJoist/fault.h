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
  /// The C library and the loader.
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

/// Has the outermost library function of an interrupted stack return to `joist_fault_landing` and not to the program
/// (W20); false when there is none to be found.
bool joist_frames_redirect(ucontext_t *context, uintptr_t low, uintptr_t top);

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
