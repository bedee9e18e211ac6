// SPDX-License-Identifier: Apache-2.0
//
// Walks the stack of a fault, inside the signal handler: only `joist_frames_prepare` allocates or takes a lock. Rules:
// W24. Swift code keeps frame pointers, so its frames are walked by following them. Where the innermost frame is not
//      Swift's, the unwinder walks first. It stops at functions without unwind information, and the walk continues from
//      there by frame pointers.
#define _GNU_SOURCE
#include "fault.h"

#include <unwind.h>

#pragma mark - Walking

// Appends a frame. Locks are looked for in all frames, including those beyond the limit of frames that are kept.
static void add(struct joist_fault *fault, uintptr_t frame) {
  fault->holds_lock |= joist_is_under_lock(frame);
  if (fault->frame_count < JOIST_MAX_FRAMES) fault->frames[fault->frame_count++] = frame;
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
  uintptr_t from;  // the interrupted frame; frames further in are the handler's
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

// Walks by the unwinder, and by frame pointers from where the unwinder stops (W24).
static void unwind(struct joist_fault *fault, const ucontext_t *context, uintptr_t low, uintptr_t top) {
  struct walk walk = {.fault = fault, .from = joist_context_pc(context)};
  _Unwind_Backtrace(collect, &walk);
  if (fault->frame_count == 0) {
    add(fault, joist_context_pc(context));
    walk.last_fp = joist_context_fp(context);
  }
  // If the unwinder reached the end of the stack, the frame pointer is zero and this adds nothing.
  joist_frames_walk(fault, walk.last_fp, low, top);
}

void joist_frames_collect(struct joist_fault *fault, const ucontext_t *context, uintptr_t low, uintptr_t top) {
  fault->frame_count = 0;
  // With an open reserve, the frames beyond the landing were checked at the first fault (W20); keep that result.
  fault->holds_lock &= fault->reserve_bytes != 0;
  enum joist_code code = joist_code_of(joist_context_pc(context));
  if (code == joist_code_program || code == joist_code_swift) {
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
  uintptr_t inner_cfa, inner_fp;  // the frame address and frame pointer of the frame further in
  uintptr_t found;                // the return address that is to be replaced
  uintptr_t last_fp;
};

// Whether a frame is one that must not be returned to: the program's, or that of a recursing function.
static bool is_sought(const struct search *search, uintptr_t ip, uintptr_t frame_address) {
  if (joist_code_of(ip) == joist_code_program) return true;
  return search->recursion != NULL && joist_recursion_has(search->recursion, ip, frame_address);
}

static _Unwind_Reason_Code find_frame(struct _Unwind_Context *context, void *argument) {
  struct search *search = argument;
  uintptr_t ip = joist_plain(_Unwind_GetIP(context));
  search->has_begun |= ip == search->from;
  if (!search->has_begun) return _URC_NO_REASON;
  if (ip == 0) return _URC_END_OF_STACK;
  // With each frame the unwinder reports the frame address of the frame further in.
  search->inner_cfa = _Unwind_GetCFA(context);
  search->last_fp = _Unwind_GetGR(context, JOIST_FP_REGISTER);
  if (ip != search->from && is_sought(search, ip, search->inner_cfa)) {
    search->found = ip;
    return _URC_END_OF_STACK;
  }
  search->inner_fp = search->last_fp;
  return _URC_NO_REASON;
}

// Replaces the return address in `slot` by the landing, if it is `to`.
static bool redirect(uintptr_t *slot, uintptr_t to, uintptr_t frame_address) {
  uintptr_t landing = (uintptr_t)joist_fault_landing;
  if (joist_plain(*slot) != to) return false;
#if defined(__aarch64__)
  if (*slot != to) {  // the address is signed, so its replacement must be signed too
    register uintptr_t x17 __asm__("x17") = landing;
    register uintptr_t x16 __asm__("x16") = frame_address;
    __asm__("hint #8" : "+r"(x17) : "r"(x16));  // pacia1716
    landing = x17;
  }
#else
  (void)frame_address;
#endif
  *slot = landing;
  return true;
}

// Continues the search by frame pointers, after the unwinder has stopped early (W24).
static bool redirect_by_frame_pointers(struct search *search) {
  uintptr_t fp = search->last_fp, low = search->low;
  while (joist_is_frame(fp, low, search->top)) {
    uintptr_t *frame = (uintptr_t *)fp;
    uintptr_t back = joist_plain(frame[1]);
    if (back == 0) return false;
    // A signed address cannot be replaced: the frame address that the signature was made with is not known here.
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
  uintptr_t slot = search.inner_cfa - sizeof(uintptr_t);
  if (slot < low || slot >= top) return false;
  return redirect((uintptr_t *)slot, search.found, search.inner_cfa);
#else
  // The outermost library function keeps its return address beside its frame pointer, or still in the link register.
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

// Calls the functions that a handler calls, because the loader resolves a function at its first call.
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
  // The first walk of a program allocates; later ones do not.
  uintptr_t ignored;
  _Unwind_Backtrace(stop, &ignored);
  ignored = (uintptr_t)_Unwind_FindEnclosingFunction((void *)(uintptr_t)joist_fault_landing);
}
