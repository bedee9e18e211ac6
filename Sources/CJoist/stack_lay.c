// SPDX-License-Identifier: Apache-2.0
//
// Writes the first context of an empty stack, and the sentinel above it. The context has the shape of a saved one (W1),
// with the entry and its argument in the registers from which `joist_stack_begin` takes them. Rules:
// W5. The frame pointer of the first context is zero, where walkers of frame pointers stop. The context resumes one
//     instruction into `joist_stack_begin`, because unwinders look up the address before a return address.
// W6. A sentinel word lies above the context. Code that pops more than it pushed, or writes above its frame, overwrites
//     the sentinel first. The word above the sentinel belongs to the caller and is left unchanged.
#include "CJoist.h"
#include "sanitizer.h"
#include "switch.h"

// A value that code is unlikely to write by chance (W6).
static const uintptr_t sentinel = 0x4a6f69737453656e;

extern const char joist_stack_begin[];

#if defined(__x86_64__)

struct context {
  uint32_t mxcsr;
  uint16_t x87;
  uintptr_t r12, r13, r14, r15, rbx, rbp;
#if defined(JOIST_HAS_FIBERS)
  void *fiber;
#endif
  uintptr_t rip;
};

// Returns the control bits only: the status flags belong to the thread.
uint64_t joist_control_words(void) {
  uint32_t mxcsr;
  uint16_t x87;
  __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
  __asm__ volatile("fnstcw %0" : "=m"(x87));
  return (mxcsr & ~(uint32_t)0x3f) | (uint64_t)x87 << 32;
}

static void fill(struct context *context, void (*entry)(void *), void *argument, uint64_t control) {
  // The frame pointer stays zero, and the first instruction is skipped (W5).
  *context = (struct context){
    .mxcsr = (uint32_t)control,
    .x87 = (uint16_t)(control >> 32),
    .r12 = (uintptr_t)entry,
    .r13 = (uintptr_t)argument,
    .rip = (uintptr_t)joist_stack_begin + 1,
  };
}

#elif defined(__aarch64__)

struct context {
  uintptr_t x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30;
  uint64_t d[8];
  uint64_t fpcr;
  void *fiber;  // under ThreadSanitizer; otherwise unused
};

uint64_t joist_control_words(void) {
  uint64_t fpcr;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  return fpcr;
}

static void fill(struct context *context, void (*entry)(void *), void *argument, uint64_t control) {
  // The frame pointer, x29, stays zero, and the first instruction is skipped (W5).
  *context = (struct context){
    .x19 = (uintptr_t)entry,
    .x20 = (uintptr_t)argument,
    .x30 = (uintptr_t)joist_stack_begin + 4,
    .fpcr = control,
  };
}

#endif

#if defined(JOIST_HAS_FIBERS)
_Static_assert(sizeof(struct context) == JOIST_CONTEXT_BYTES, "the fiber lies in the context");
_Static_assert(offsetof(struct context, fiber) == JOIST_FIBER_AT, "the fiber lies at its offset");
#else
enum { laid_bytes = sizeof(struct context) + 2 * sizeof sentinel };

_Static_assert(laid_bytes == JOIST_FIRST_FRAME_BYTES, "the laid bytes are as many as the header says");
#endif

_Static_assert(offsetof(struct context, JOIST_CONTEXT_FP) == JOIST_CONTEXT_FP_AT, "walkers find the frame pointer");
_Static_assert(offsetof(struct context, JOIST_CONTEXT_PC) == JOIST_CONTEXT_PC_AT, "walkers find the code address");

void *joist_stack_lay(void *top, void (*entry)(void *), void *argument) {
  return joist_stack_lay_with(top, entry, argument, joist_control_words());
}

void *joist_stack_lay_with(void *top, void (*entry)(void *), void *argument, uint64_t control) {
  uintptr_t *words = (uintptr_t *)top - 2;
  words[0] = sentinel;
  uintptr_t *above = (uintptr_t *)top - JOIST_WORDS_ABOVE;
  if (above != words) above[0] = 0;  // (W26)
  struct context *context = (struct context *)above - 1;
  fill(context, entry, argument, control);
  return context;
}

bool joist_stack_end(void *top) {
  const uintptr_t *words = (const uintptr_t *)top - 2;
  joist_fiber_end(top);
  return words[0] == sentinel;
}
