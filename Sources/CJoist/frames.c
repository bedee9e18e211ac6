// SPDX-License-Identifier: Apache-2.0
//
// Walking the stack of a fault, inside its signal's handler: nothing here allocates or takes a lock. Rules:
// W24. Swift's code keeps frame pointers, so its frames are walked by them. Where the innermost frame is not Swift's,
//      the unwinder goes first; it ends at functions without unwind information, and frame pointers go on from there.
#define _GNU_SOURCE
#include "fault.h"

#include <unwind.h>

#pragma mark - Walking

// Locks are looked for in all frames, also beyond those that are kept.
static void add(struct joist_fault *fault, uintptr_t frame) {
  fault->holds_lock |= joist_is_under_lock(frame);
  if (fault->frame_count < JOIST_FRAMES_MOST) fault->frames[fault->frame_count++] = frame;
}

void joist_frames_walk(struct joist_fault *fault, uintptr_t fp, uintptr_t low, uintptr_t top) {
  while (joist_is_frame(fp, low, top)) {
    const uintptr_t *frame = (const uintptr_t *)fp;
    uintptr_t back = joist_plain(frame[1]);
    if (back == 0) return;
    add(fault, back);
    low = fp + 1;
    fp = frame[0];
  }
}

struct walk {
  struct joist_fault *fault;
  uintptr_t from;  // frames further in are the handler's
  bool has_begun;
  uintptr_t last_fp;
};

static _Unwind_Reason_Code collect(struct _Unwind_Context *context, void *argument) {
  struct walk *walk = argument;
  uintptr_t ip = joist_plain(_Unwind_GetIP(context));
  walk->has_begun |= ip == walk->from;
  if (!walk->has_begun) return _URC_NO_REASON;
  if (ip == 0) return _URC_END_OF_STACK;
  add(walk->fault, ip);
  walk->last_fp = _Unwind_GetGR(context, JOIST_FP_REGISTER);
  return _URC_NO_REASON;
}

// The unwinder first, then frame pointers from where it ends (W24).
static void unwind(struct joist_fault *fault, const ucontext_t *context, uintptr_t low, uintptr_t top) {
  struct walk walk = {.fault = fault, .from = joist_context_pc(context)};
  _Unwind_Backtrace(collect, &walk);
  if (fault->frame_count == 0) {
    add(fault, joist_context_pc(context));
    walk.last_fp = joist_context_fp(context);
  }
  // It may have ended where it should; there the frame pointer is zero.
  joist_frames_walk(fault, walk.last_fp, low, top);
}

void joist_frames_collect(struct joist_fault *fault, const ucontext_t *context, uintptr_t low, uintptr_t top) {
  fault->frame_count = 0;
  // What lies beyond the landing was looked at before (W20).
  fault->holds_lock &= fault->reserve_bytes != 0;
  enum joist_place place = joist_place_of(joist_context_pc(context));
  if (place == joist_place_program || place == joist_place_swift) {
    add(fault, joist_context_pc(context));
    joist_frames_walk(fault, joist_context_fp(context), low, top);
  } else {
    unwind(fault, context, low, top);
  }
}

#pragma mark - Redirecting a return

struct search {
  uintptr_t from, low, top;
  const struct joist_recursion *recursion;
  bool has_begun;
  uintptr_t inner_cfa, inner_fp;  // of the frame further in
  uintptr_t found;                // the frame that is not gone back to, by its address
  uintptr_t last_fp;
};

// Whether a frame is one that is not gone back to: the program's, or a recursing function's.
static bool is_sought(const struct search *search, uintptr_t ip, uintptr_t frame_address) {
  if (joist_place_of(ip) == joist_place_program) return true;
  return search->recursion != NULL && joist_recursion_has(search->recursion, ip, frame_address);
}

static _Unwind_Reason_Code find_frame(struct _Unwind_Context *context, void *argument) {
  struct search *search = argument;
  uintptr_t ip = joist_plain(_Unwind_GetIP(context));
  search->has_begun |= ip == search->from;
  if (!search->has_begun) return _URC_NO_REASON;
  if (ip == 0) return _URC_END_OF_STACK;
  // With each frame the unwinder shows the frame address of the one further in.
  search->inner_cfa = _Unwind_GetCFA(context);
  search->last_fp = _Unwind_GetGR(context, JOIST_FP_REGISTER);
  if (ip != search->from && is_sought(search, ip, search->inner_cfa)) {
    search->found = ip;
    return _URC_END_OF_STACK;
  }
  search->inner_fp = search->last_fp;
  return _URC_NO_REASON;
}

static bool redirect(uintptr_t *place, uintptr_t to, uintptr_t frame_address) {
  uintptr_t landing = (uintptr_t)joist_fault_landing;
  if (joist_plain(*place) != to) return false;
#if defined(__aarch64__)
  if (*place != to) {  // signed by the caller of this frame: so must be what replaces it
    register uintptr_t x17 __asm__("x17") = landing;
    register uintptr_t x16 __asm__("x16") = frame_address;
    __asm__("hint #8" : "+r"(x17) : "r"(x16));  // pacia1716
    landing = x17;
  }
#else
  (void)frame_address;
#endif
  *place = landing;
  return true;
}

// The unwinder has ended early: on by frame pointers (W24).
static bool redirect_by_frame_pointers(struct search *search) {
  uintptr_t fp = search->last_fp, low = search->low;
  while (joist_is_frame(fp, low, search->top)) {
    uintptr_t *frame = (uintptr_t *)fp;
    uintptr_t back = joist_plain(frame[1]);
    if (back == 0) return false;
    // What a signature was made with is not known here.
    if (is_sought(search, back, fp)) return frame[1] == back && redirect(&frame[1], back, 0);
    low = fp + 1;
    fp = frame[0];
  }
  return false;
}

bool joist_frames_redirect(ucontext_t *context, uintptr_t low, uintptr_t top,
                           const struct joist_recursion *recursion) {
  struct search search = {.from = joist_context_pc(context), .low = low, .top = top, .recursion = recursion};
  search.last_fp = joist_context_fp(context);
  _Unwind_Backtrace(find_frame, &search);
  if (search.found == 0) return redirect_by_frame_pointers(&search);
#if defined(__x86_64__)
  uintptr_t place = search.inner_cfa - sizeof(uintptr_t);
  if (place < low || place >= top) return false;
  return redirect((uintptr_t *)place, search.found, search.inner_cfa);
#else
  // The outermost library function keeps its return address beside its frame pointer, or still in the register.
  if (joist_is_frame(search.inner_fp, low, top)) {
    uintptr_t *frame = (uintptr_t *)search.inner_fp;
    if (redirect(&frame[1], search.found, search.inner_cfa)) return true;
  }
#if defined(__linux__)
  uintptr_t link = (uintptr_t)context->uc_mcontext.regs[30];
  if (!redirect(&link, search.found, search.inner_cfa)) return false;
  context->uc_mcontext.regs[30] = link;
  return true;
#else
  return false;
#endif
#endif
}

#pragma mark - Preparing

// Calls what a handler calls, for a function's address is looked up at its first call.
static _Unwind_Reason_Code stop(struct _Unwind_Context *context, void *argument) {
  *(volatile uintptr_t *)argument =
    _Unwind_GetIP(context) + _Unwind_GetCFA(context) + _Unwind_GetGR(context, JOIST_FP_REGISTER);
  return _URC_END_OF_STACK;
}

void joist_frames_prepare(void) {
  static bool is_prepared;
  joist_modules_note();
  if (is_prepared) return;
  is_prepared = true;
  joist_locks_learn();
  // The first walk of a program allocates.
  uintptr_t ignored;
  _Unwind_Backtrace(stop, &ignored);
  ignored = (uintptr_t)_Unwind_FindEnclosingFunction((void *)(uintptr_t)joist_fault_landing);
}
