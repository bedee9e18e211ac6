// SPDX-License-Identifier: Apache-2.0
//
// Runs two stacks that switch to each other, and records what each of them sees.
#include "CSwitchProbe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#include "CJoist.h"

enum { stack_bytes = 64 * 1024, unwritten = 0xa5 };

// A second stack, and the saved stack pointers of both.
struct pair {
  char *stack;
  void *there, *here;
};

static char *top_of(const struct pair *pair) { return pair->stack + stack_bytes; }

static void make(struct pair *pair, void (*entry)(void *), void *argument) {
  pair->stack = aligned_alloc(16, stack_bytes);
  if (pair->stack == NULL) abort();
  memset(pair->stack, unwritten, stack_bytes);
  pair->there = joist_stack_lay(top_of(pair), entry, argument);
}

static void go_there(struct pair *pair) { joist_switch(&pair->here, pair->there); }
static void go_back(struct pair *pair) { joist_switch(&pair->there, pair->here); }

#pragma mark - Registers

struct registers {
  struct pair pair;
  uint64_t pattern;
  struct probe_registers seen;
};

static void keep_registers(void *argument) {
  struct registers *run = argument;
  for (;;) {
    run->seen.rounds++;
    uint64_t pattern = run->pattern + (uint64_t)run->seen.rounds * 0x100;
    run->seen.there |= probe_registers_across(&run->pair.there, run->pair.here, pattern);
  }
}

struct probe_registers probe_registers_on_both_sides(uint64_t here, uint64_t there, int32_t rounds) {
  struct registers run = {.pattern = there};
  make(&run.pair, keep_registers, &run);
  for (int32_t i = 0; i < rounds; i++)
    run.seen.here |= probe_registers_across(&run.pair.here, run.pair.there, here + (uint64_t)i * 0x100);
  free(run.pair.stack);
  return run.seen;
}

#pragma mark - The first frame

// The layout is known to `probe_enter` (assembly).
struct entered {
  uintptr_t stack_pointer, frame_pointer;
  void *there, *here;
};

void probe_enter(void *entered);

struct probe_first_frame probe_first_frame(void) {
  struct entered entered = {.frame_pointer = 1};
  struct pair pair;
  make(&pair, probe_enter, &entered);
  int32_t bytes_laid = 0;
  for (int32_t i = 1; i <= stack_bytes; i++)
    if (top_of(&pair)[-i] != (char)unwritten) bytes_laid = i;
  joist_switch(&entered.here, pair.there);
  uintptr_t expected = (uintptr_t)top_of(&pair) - 2 * sizeof(uintptr_t);
#if defined(__x86_64__)
  expected -= sizeof(uintptr_t);  // the return address; the stack was aligned before it was pushed
#endif
  struct probe_first_frame seen = {
    .stack_pointer = entered.stack_pointer,
    .expected_stack_pointer = expected,
    .frame_pointer = entered.frame_pointer,
    .argument_holds = entered.there != NULL,
    .bytes_laid = bytes_laid,
  };
  free(pair.stack);
  return seen;
}

struct unwinding {
  struct pair pair;
  int32_t frames;
};

// An unwinder may report the end as another frame, whose address is zero; it is not counted.
static _Unwind_Reason_Code count(struct _Unwind_Context *context, void *argument) {
  int32_t *frames = argument;
  if (_Unwind_GetIP(context) == 0) return _URC_NO_REASON;
  return ++*frames < 100 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

static void unwind(void *argument) {
  struct unwinding *run = argument;
  if (_Unwind_Backtrace(count, &run->frames) != _URC_END_OF_STACK) run->frames = -run->frames;
  go_back(&run->pair);
}

int32_t probe_frames_to_the_end(void) {
  struct unwinding run = {0};
  make(&run.pair, unwind, &run);
  go_there(&run.pair);
  free(run.pair.stack);
  return run.frames;
}

#pragma mark - Control words

enum { down = 1, up = 2 };

#if defined(__x86_64__)

uint64_t probe_controls(void) {
  uint32_t mxcsr;
  uint16_t x87;
  __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
  __asm__ volatile("fnstcw %0" : "=m"(x87));
  return (mxcsr & 0xffc0) | (uint64_t)x87 << 32;
}

static void set_controls(uint64_t controls) {
  uint32_t mxcsr = (uint32_t)controls;
  uint16_t x87 = (uint16_t)(controls >> 32);
  __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
  __asm__ volatile("fldcw %0" : : "m"(x87));
}

static uint64_t rounding(uint64_t controls, uint64_t mode) {
  return (controls & ~(3ull << 13 | 3ull << 42)) | mode << 13 | mode << 42;
}

#elif defined(__aarch64__)

uint64_t probe_controls(void) {
  uint64_t fpcr;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  return fpcr;
}

static void set_controls(uint64_t controls) { __asm__ volatile("msr fpcr, %0" : : "r"(controls)); }

static uint64_t rounding(uint64_t controls, uint64_t mode) { return (controls & ~(3ull << 22)) | mode << 22; }

#endif

uint64_t probe_round(int32_t mode) {
  set_controls(rounding(probe_controls(), (uint64_t)mode & 3));
  return probe_controls();
}

struct rounds {
  struct pair pair;
  struct probe_rounding seen;
};

static void round_down(void *argument) {
  struct rounds *run = argument;
  run->seen.inherited = probe_controls();
  set_controls(rounding(run->seen.inherited, down));
  run->seen.down = probe_controls();
  go_back(&run->pair);
  run->seen.down_again = probe_controls();
  go_back(&run->pair);
}

struct probe_rounding probe_rounding(void) {
  struct rounds run = {.seen = {.usual = probe_controls()}};
  make(&run.pair, round_down, &run);
  go_there(&run.pair);
  run.seen.usual_again = probe_controls();
  set_controls(rounding(run.seen.usual, up));
  run.seen.up = probe_controls();
  go_there(&run.pair);
  run.seen.up_again = probe_controls();
  set_controls(run.seen.usual);
  free(run.pair.stack);
  return run.seen;
}

#pragma mark - The sentinel, threads

static void never(void *argument) {
  (void)argument;
  abort();
}

bool probe_sentinel_holds(int32_t changed_below_top) {
  struct pair pair;
  make(&pair, never, &pair);
  if (changed_below_top != 0) top_of(&pair)[-changed_below_top] ^= 1;
  bool holds = joist_stack_end(top_of(&pair));
  free(pair.stack);
  return holds;
}

struct work {
  void (*body)(void *);
  void *context;
};

static void *perform(void *argument) {
  const struct work *work = argument;
  work->body(work->context);
  return NULL;
}

void probe_on_thread(void (*body)(void *), void *context) {
  struct work work = {body, context};
  pthread_t thread;
  if (pthread_create(&thread, NULL, perform, &work) != 0) abort();
  pthread_join(thread, NULL);
}
