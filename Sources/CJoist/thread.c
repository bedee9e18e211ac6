// SPDX-License-Identifier: Apache-2.0
//
// The thread-locals of a scheduler's thread, the clock of ticks, and the asymmetric fence between threads.
//
// A light fence is a mere compiler fence only after the kernel has accepted the registration for the heavy fence.
// Rules:
// W7. A thread-local is accessed only by functions that are never inlined and do not switch, or by assembly that reads
//     its address each time. Code on a process's stack may resume on another thread, and a compiler may keep the
//     address of a thread-local across a call.
// W35. The kernel may refuse the heavy fence later, for instance because of a system call filter that the program
//      installs after the start. From that moment on light fences are full fences. Just before, a thread may have
//      passed a last light fence as a mere compiler fence. So heavy fences return only a millisecond later. By then the
//      stores before that light fence have long left the processor's store buffer, and every thread sees the new flag.
#define _GNU_SOURCE
#include "CJoist.h"

#include <sched.h>
#include <time.h>
#if defined(__linux__)
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#pragma mark - The current scheduler

// Accessed only by the functions below and by the header's assembly (W7). The initial-exec model reads it with two
// loads and no call, even in a shared library. It costs 8 bytes of the static block.
#if defined(__ELF__)
__attribute__((tls_model("initial-exec"), visibility("hidden")))
#endif
_Thread_local void *joist_current;

#if !defined(JOIST_READS_CURRENT_INLINE)
// The empty statement prevents the compiler from treating the function as pure and omitting a second call (W7).
__attribute__((noinline)) void *joist_thread_current(void) {
  __asm__ volatile("" ::: "memory");
  return joist_current;
}
#endif

__attribute__((noinline)) void joist_thread_set_current(void *value) {
  joist_current = value;
  __asm__ volatile("" ::: "memory");
}

#pragma mark - Simulation

static _Thread_local struct joist_schedule_control *control;

__attribute__((noinline)) struct joist_schedule_control *joist_thread_schedule_control(void) {
  __asm__ volatile("" ::: "memory");
  return control;
}

__attribute__((noinline)) void joist_thread_set_schedule_control(struct joist_schedule_control *value) {
  control = value;
  __asm__ volatile("" ::: "memory");
}

#pragma mark - Ticks

#if defined(__x86_64__)

struct instant {
  uint64_t ticks;
  uint64_t nanoseconds;
};

// Reads both clocks at one moment: takes the tightest of a few readings, because the thread may be interrupted between
// the two clocks.
static struct instant now(void) {
  struct instant best = {0, 0};
  uint64_t width = UINT64_MAX;
  for (int i = 0; i < 5; i++) {
    struct timespec time;
    uint64_t before = joist_ticks();
    clock_gettime(CLOCK_MONOTONIC, &time);
    uint64_t after = joist_ticks();
    if (after - before >= width) continue;
    width = after - before;
    best.ticks = before + width / 2;
    best.nanoseconds = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
  }
  return best;
}

// Measures the frequency. CPUID's leaves 0x15 and 0x16, which state it, are often missing, and in virtual machines
// often wrong.
static uint64_t measure(void) {
  struct instant start = now(), end;
  do end = now();
  while (end.nanoseconds - start.nanoseconds < 100000);
  __uint128_t ticks = end.ticks - start.ticks;
  return (uint64_t)(ticks * 1000000000 / (end.nanoseconds - start.nanoseconds));
}

#else

static uint64_t measure(void) {
  uint64_t frequency;
  __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
  return frequency;
}

#endif

// Several threads may measure at once; all return the result of the first to finish. Relaxed, because only the number
// is published.
uint64_t joist_ticks_per_second(void) {
  static uint64_t known;
  uint64_t value = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (value != 0) return value;
  uint64_t measured = measure();
  if (__atomic_compare_exchange_n(&known, &value, measured, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return measured;
  return value;
}

#pragma mark - Fences

bool joist_has_heavy_fence = false;

#if defined(__linux__)

enum { private_expedited = 1 << 3, register_private_expedited = 1 << 4 };

// Relaxed: a thread that relies on the fences learned of the fenced data after this call. Called only once, because a
// heavy fence that was refused later must stay disabled (W35).
void joist_fences_prepare(void) {
  if (syscall(SYS_membarrier, register_private_expedited, 0, 0) == 0)
    __atomic_store_n(&joist_has_heavy_fence, true, __ATOMIC_RELAXED);
}

// Whether the flag no longer changes, or is still true. False while light fences change into full ones (W35).
static bool is_settled = true;

// Waits a millisecond by reading the clock, not by a system call, which the filter may refuse as well.
static void wait_for_buffers(void) {
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do {
    sched_yield();
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((now.tv_sec - start.tv_sec) * 1000000000 + (now.tv_nsec - start.tv_nsec) < 1000000);
}

// Changes light fences into full ones (W35). Several threads may find the heavy fence refused at once: one changes the
// flag, and the others wait for it.
static void leave_heavy_fence(void) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  if (__atomic_load_n(&joist_has_heavy_fence, __ATOMIC_RELAXED)) {
    __atomic_store_n(&is_settled, false, __ATOMIC_RELAXED);
    __atomic_store_n(&joist_has_heavy_fence, false, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    wait_for_buffers();
    __atomic_store_n(&is_settled, true, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&mutex);
}

// Issues the heavy fence. It retries while the kernel is out of memory, but not forever: a filter may return that error
// too.
static bool fence_all_threads(void) {
  for (int tries = 0; tries < 1000; tries++) {
    if (syscall(SYS_membarrier, private_expedited, 0, 0) == 0) return true;
    if (errno != ENOMEM) return false;
    sched_yield();
  }
  return false;
}

// The calling thread passes a full fence itself, and the kernel makes all other threads pass one during the call. The
// acquire load pairs with the release store of the flag: a thread that finds it false waits until the change is
// complete.
void joist_heavy_fence(void) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (__atomic_load_n(&joist_has_heavy_fence, __ATOMIC_ACQUIRE)) {
    if (!fence_all_threads()) leave_heavy_fence();
  } else {
    while (!__atomic_load_n(&is_settled, __ATOMIC_ACQUIRE)) sched_yield();
  }
}

#else

void joist_fences_prepare(void) {}

void joist_heavy_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

#endif
