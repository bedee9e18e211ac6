// SPDX-License-Identifier: Apache-2.0
//
// The first context of an empty stack, and the sentinel above it. It has the shape of a saved one (W1), with the
// entry and its argument in the registers from which `joist_stack_begin` takes them. Rules:
// W5. The frame pointer of the first context is zero: walkers of frame pointers end there.
//     It goes on one instruction into `joist_stack_begin`: unwinders look up the place before a return address.
// W6. A sentinel word lies above it. Code that pops more than it pushed, or writes above its frame, hits it first. The
//     word above that is the caller's own, and is left as it is.
#include "CJoist.h"
#include "sanitizer.h"

// No word that code is likely to write by chance (W6).
static const uintptr_t sentinel = 0x4a6f69737453656e;

extern const char joist_stack_begin[];

#if defined(__x86_64__)

struct context {
  uint32_t mxcsr;
  uint16_t x87;
  uintptr_t r12, r13, r14, r15, rbx, rbp;
#if defined(JOIST_HAS_FIBRES)
  void *fibre;
#endif
  uintptr_t rip;
};

// Control bits only: the status flags are the thread's own.
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
  void *fibre;  // under ThreadSanitizer; otherwise unused
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

#if defined(JOIST_HAS_FIBRES)
_Static_assert(sizeof(struct context) == JOIST_CONTEXT_BYTES, "the fibre lies in the context");
_Static_assert(offsetof(struct context, fibre) == JOIST_FIBRE_AT, "the fibre lies where it is looked for");
#else
enum { laid_bytes = sizeof(struct context) + 2 * sizeof sentinel };

_Static_assert(laid_bytes == JOIST_FIRST_FRAME_BYTES, "what is laid is what is promised");
#endif

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
  joist_fibre_end(top);
  return words[0] == sentinel;
}
