// SPDX-License-Identifier: Apache-2.0
//
// The internal interface between the parts of fault handling. A fault is a signal that the code on a thread caused.
// Functions that the handler calls allocate nothing and take no lock; the others say so.
#ifndef JOIST_FAULT_H
#define JOIST_FAULT_H

#include "CJoist.h"

#include <ucontext.h>

/// The kind of code that an address belongs to.
enum joist_code {
  /// The program's own Swift code (see modules.c).
  joist_code_program,
  /// Swift's runtime and the libraries that come with it. After an overflow they can finish their call; a trap in them
  /// reports an error of their caller.
  joist_code_swift,
  /// Other libraries, which may hold locks of their own.
  joist_code_library,
  /// The libraries of C and C++, and the dynamic loader.
  joist_code_system,
};

/// Returns whether an address is in the dynamic loader; false where the loader is the C library itself.
bool joist_is_in_loader(uintptr_t address);

/// Refreshes the table of loaded modules if anything was loaded since (W30). Takes the loader's lock; not for handlers.
void joist_modules_note(void);

/// Finds the addresses to which callbacks that run under a lock return (W25). Not for handlers.
void joist_locks_learn(void);

/// Returns whether the frame with the given return address holds a lock (W25).
bool joist_is_under_lock(uintptr_t frame);

/// Returns whether the fault arose in Swift's runtime while it made a type, so that it holds a lock of its own (W45).
bool joist_makes_type(const struct joist_fault *fault);

/// Returns whether a frame of the given stack holds a Dispatch queue (W31).
bool joist_holds_queue(const struct joist_words *words, uintptr_t low, uintptr_t top);

/// Restores what Dispatch noted outside every queue, if a frame of the given stack holds one (W32).
void joist_leave_queues(const struct joist_words *words, uintptr_t low, uintptr_t top);

/// Marks the calling thread as one that must never end (W32).
void joist_thread_keep(void);

/// Prepares what the functions below need: fills the table of loaded modules, and finds where locks are held. Allocates
/// and takes locks; not for handlers.
void joist_frames_prepare(void);

/// Returns the kind of code that an address belongs to.
enum joist_code joist_code_of(uintptr_t address);

/// Stores the frames of an interrupted stack, from the innermost outwards, and whether one of them holds a lock that
/// would never be released (W22).
void joist_frames_collect(struct joist_fault *fault, const ucontext_t *context, uintptr_t low, uintptr_t top);

/// Appends the frames from the given frame pointer outwards.
void joist_frames_walk(struct joist_fault *fault, uintptr_t fp, uintptr_t low, uintptr_t top);

/// Makes a function of an interrupted stack return to `joist_fault_landing` instead of its caller: the outermost
/// library function, which the program called (W20). If `recursion` is not null, it may instead be a function further
/// in, which one of the functions of `recursion` called (W41). Returns false if there is no such function.
bool joist_frames_redirect(ucontext_t *context, uintptr_t low, uintptr_t top,
                           const struct joist_recursion *recursion);

/// Finds the functions whose frames are at least `distance` bytes above the interrupted stack pointer (W42). The stack
/// ends at `low`.
void joist_recursion_find(struct joist_recursion *recursion, const ucontext_t *context, uintptr_t low, uintptr_t top,
                          size_t distance);

/// Returns whether a frame is nearer to the end of the stack than the frames of the recursion, and belongs to one of
/// the same functions.
bool joist_recursion_has(const struct joist_recursion *recursion, uintptr_t return_address, uintptr_t frame_address);

/// Returns whether the interrupted function is one of the recursion's.
bool joist_recursion_has_pc(const struct joist_recursion *recursion, uintptr_t pc);

/// What happens to a stack that has overflowed inside a library.
enum joist_overflow {
  /// The fault is not contained.
  joist_overflow_passes,
  /// The library continues on a part of the guard and returns to `joist_fault_landing` (W20).
  joist_overflow_finishes,
  /// All frames of the stack are abandoned at once (W42).
  joist_overflow_ends,
};

/// Decides what happens to a stack whose usable part ends at `low`, and opens the part of the guard that the library
/// needs (W40).
enum joist_overflow joist_reserve_use(struct joist_site *site, ucontext_t *context, uintptr_t low, uintptr_t top);

/// Returns the site of this thread; null if it is no scheduler's.
struct joist_site *joist_site_of_thread(void);

/// Adds the calling thread's site to the list of all sites, or removes it (sites.c).
void joist_sites_add(struct joist_site *site);
void joist_sites_remove(struct joist_site *site);

/// What one thread sees of another whose crashes are contained: a guess, since the other continues meanwhile.
struct joist_glance {
  /// The record of what runs on the thread; null if nothing runs.
  const void *running;
  /// Its turns at processes so far.
  uint64_t slices;
  /// Whether it has contained a crash, and whether crashes that leave a lock behind are contained.
  bool has_crashed, contains_locks;
};

/// Looks at the thread with the system's given number. Returns false if its crashes are not contained, or it cannot be
/// told now. A thread that has ended runs nothing; it counts as one that has contained a crash if any such has ended.
bool joist_sites_look(uint32_t thread, struct joist_glance *glance);

/// Returns the two words that bound the running stack: its lowest address and the one above its highest. Null if none
/// runs.
static inline uintptr_t *joist_running_bounds(const struct joist_site *site) {
  const char *record = *site->running;
  return record == NULL ? NULL : *(uintptr_t *const *)(record + site->stack_offset);
}

/// The address at which a redirected return continues (assembly).
extern const char joist_fault_landing[];

/// Returns an address without the signature that some ARM64 code puts into return addresses.
static inline uintptr_t joist_plain(uintptr_t address) {
#if defined(__aarch64__)
  register uintptr_t x30 __asm__("x30") = address;
  __asm__("hint #7" : "+r"(x30));  // xpaclri
  return x30;
#else
  return address;
#endif
}

/// Returns whether a value can be a frame pointer into the given stack.
static inline bool joist_is_frame(uintptr_t fp, uintptr_t low, uintptr_t top) {
  return fp >= low && fp < top - 2 * sizeof(uintptr_t) && fp % sizeof(uintptr_t) == 0;
}

/// The number by which unwinders know the frame pointer's register.
#if defined(__x86_64__)
#define JOIST_FP_REGISTER 6
#else
#define JOIST_FP_REGISTER 29
#endif

/// The registers of an interrupted context: program counter, stack pointer, frame pointer.
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
