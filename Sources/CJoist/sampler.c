// SPDX-License-Identifier: Apache-2.0
//
// Samples what processes run: a thread of the sampler interrupts a scheduler's thread by a signal, whose handler walks
// the stack of the process that runs there. The handler writes to memory that was allocated before, and calls nothing.
//
// The signal is SIGPROF. Its handler stays installed after the first profile, and does nothing while none is taken,
// because a signal may arrive late.
#define _GNU_SOURCE
#include "CJoist.h"
#include "fault.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

// The memory of the profile that is taken; null while none is.
static _Atomic(struct joist_samples *) current;

void joist_samples_make(struct joist_samples *samples, int64_t capacity, int64_t identity_offset,
                        struct joist_sample *room) {
  *samples = (struct joist_samples){.capacity = capacity, .identity_offset = identity_offset, .samples = room};
}

int64_t joist_samples_count(const struct joist_samples *samples) {
  return __atomic_load_n(&samples->count, __ATOMIC_ACQUIRE);
}

#if defined(__linux__)

static void take_sample(struct joist_samples *samples, const ucontext_t *context) {
  const struct joist_site *site = joist_site_of_thread();
  uintptr_t *bounds = site == NULL ? NULL : joist_running_bounds(site);
  if (bounds == NULL) return;
  uintptr_t low = bounds[0], top = bounds[1], sp = joist_context_sp(context);
  // The scheduler's own stack, or a stack that is being left.
  if (sp < low || sp >= top) return;
  int64_t index = __atomic_fetch_add(&samples->count, 1, __ATOMIC_RELAXED);
  if (index >= samples->capacity) return;
  struct joist_sample *sample = &samples->samples[index];
  const char *record = (const char *)*site->running;
  memcpy(&sample->process, record + samples->identity_offset, sizeof sample->process);
  sample->frames[0] = joist_plain(joist_context_pc(context));
  sample->frame_count = 1;
  uintptr_t fp = joist_context_fp(context), from = sp;
  while (sample->frame_count < JOIST_SAMPLE_FRAMES && fp >= from && joist_is_frame(fp, low, top)) {
    const uintptr_t *frame = (const uintptr_t *)fp;
    uintptr_t back = joist_plain(frame[1]);
    if (back == 0) break;
    sample->frames[sample->frame_count++] = back;
    from = fp + 1;
    fp = frame[0];
  }
}

static void handle(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
  int error = errno;
  struct joist_samples *samples = atomic_load_explicit(&current, memory_order_acquire);
  if (samples != NULL) take_sample(samples, context);
  errno = error;
}

bool joist_sampler_begin(struct joist_samples *samples) {
  struct joist_samples *none = NULL;
  if (!atomic_compare_exchange_strong(&current, &none, samples)) return false;
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  sigaction(SIGPROF, &action, NULL);
  return true;
}

void joist_sampler_interrupt(int64_t thread) {
  if (thread != 0) syscall(SYS_tgkill, getpid(), (pid_t)thread, SIGPROF);
}

#else

bool joist_sampler_begin(struct joist_samples *samples) {
  (void)samples;
  return false;
}

void joist_sampler_interrupt(int64_t thread) { (void)thread; }

#endif

// The caller waits afterwards until no handler can still use the memory.
void joist_sampler_end(void) { atomic_store(&current, NULL); }
