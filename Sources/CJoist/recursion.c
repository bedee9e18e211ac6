// SPDX-License-Identifier: Apache-2.0
//
// Finds the functions of an unbounded recursion on a stack that is used up. It runs in a signal handler, so it neither
// allocates nor takes a lock. Rules:
// W42. A function recurses if it runs near the end of the stack and also has a frame so far from the end that no
//      library uses that much stack without recursing. While it calls itself it holds no lock except recursive ones,
//      because otherwise the inner call would have blocked on it. So the stack may be abandoned inside such a function,
//      or when a function that it called has returned.
#define _GNU_SOURCE
#include "fault.h"

#include <unwind.h>

// Returns the start of the function that contains an address. Without unwind information it returns the address itself,
// which identifies a recursion as well, because every round returns to it.
static uintptr_t function_of(uintptr_t return_address) {
  uintptr_t start = (uintptr_t)_Unwind_FindEnclosingFunction((void *)return_address);
  return start != 0 ? start : return_address;
}

static bool contains(const struct joist_recursion *recursion, uintptr_t function) {
  for (int i = 0; i < recursion->count; i++)
    if (recursion->functions[i] == function) return true;
  return false;
}

bool joist_recursion_has(const struct joist_recursion *recursion, uintptr_t return_address, uintptr_t frame_address) {
  return frame_address < recursion->from && contains(recursion, function_of(return_address));
}

// Here the address is that of an instruction, perhaps the first of its function. `function_of` expects a return
// address, so it gets the next byte.
bool joist_recursion_has_pc(const struct joist_recursion *recursion, uintptr_t pc) {
  return contains(recursion, function_of(pc + 1));
}

struct visit {
  struct joist_recursion *recursion;
  uintptr_t pc;
  bool has_begun, has_ended;
  int looked_at;
  uintptr_t last_fp;
};

// The number of frames that are examined. A cycle of at most that many calls is recorded completely.
enum { max_frames = 256 };

// Records the function of a return address, unless it is known.
static void note(struct visit *visit, uintptr_t return_address) {
  struct joist_recursion *recursion = visit->recursion;
  uintptr_t function = function_of(return_address);
  if (!contains(recursion, function)) recursion->functions[recursion->count++] = function;
  visit->looked_at += 1;
  visit->has_ended = visit->looked_at == max_frames || recursion->count == JOIST_MAX_RECURSION;
}

static _Unwind_Reason_Code collect(struct _Unwind_Context *context, void *argument) {
  struct visit *visit = argument;
  uintptr_t ip = joist_plain(_Unwind_GetIP(context));
  visit->has_begun |= ip == visit->pc;  // frames further in are the handler's
  if (!visit->has_begun) return _URC_NO_REASON;
  if (ip == 0) return _URC_END_OF_STACK;
  visit->last_fp = _Unwind_GetGR(context, JOIST_FP_REGISTER);
  if (_Unwind_GetCFA(context) >= visit->recursion->from) note(visit, ip);
  return visit->has_ended ? _URC_END_OF_STACK : _URC_NO_REASON;
}

void joist_recursion_find(struct joist_recursion *recursion, const ucontext_t *context, uintptr_t low, uintptr_t top,
                          size_t distance) {
  recursion->count = 0;
  recursion->from = joist_context_sp(context) + distance;
  struct visit visit = {.recursion = recursion, .pc = joist_context_pc(context)};
  visit.last_fp = joist_context_fp(context);
  _Unwind_Backtrace(collect, &visit);
  // The unwinder may have stopped early (W24).
  for (uintptr_t fp = visit.last_fp; !visit.has_ended && joist_is_frame(fp, low, top);) {
    const uintptr_t *frame = (const uintptr_t *)fp;
    uintptr_t back = joist_plain(frame[1]);
    if (back == 0) return;
    if (fp >= recursion->from) note(&visit, back);
    low = fp + 1;
    fp = frame[0];
  }
}
