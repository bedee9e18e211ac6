// SPDX-License-Identifier: Apache-2.0
//
// Jobs of Swift tasks: takes them over from Swift's global executor, runs them, and unlocks an actor in which one
// crashed.
//
// W50. Where an exported variable is set, Swift's runtime calls it in place of its global executor. It is set once, and
//      only if nobody has set it. There is one for jobs that run at once, and two for jobs that run later.
// W51. A run of a job ends with the unlocking of the default actor that the thread's record of its executor names by
//      then. So a job of a private kind, whose function writes an actor into the record, unlocks that actor.
#include "CJoist.h"
#include "find.h"

#include <stddef.h>
#include <time.h>

#define SWIFT __attribute__((swiftcall))
#define SWIFT_ASYNC __attribute__((swiftasynccall))

typedef SWIFT void run_job(void *job, struct joist_executor executor);
// Swift's own ways to enqueue a job, which it gives to each call of a hook.
typedef SWIFT void enqueue_now(void *job);
typedef SWIFT void enqueue_later(unsigned long long nanoseconds, void *job);
typedef SWIFT void enqueue_then(long long seconds, long long nanoseconds, long long tolerance_seconds,
                                long long tolerance_nanoseconds, int clock, void *job);

WEAK(swift_job_run)
WEAK(swift_task_enqueueGlobal_hook)
WEAK(swift_task_enqueueGlobalWithDelay_hook)
WEAK(swift_task_enqueueGlobalWithDeadline_hook)

static run_job *run;
static struct joist_job_takers takers;
static enqueue_now *original;

static SWIFT void enqueue(void *job, enqueue_now *swifts_own) {
  __atomic_store_n(&original, swifts_own, __ATOMIC_RELAXED);
  takers.now(job);
}

static SWIFT void enqueue_after(unsigned long long nanoseconds, void *job, enqueue_later *swifts_own) {
  if (!takers.later(job, nanoseconds < INT64_MAX ? (int64_t)nanoseconds : INT64_MAX)) swifts_own(nanoseconds, job);
}

// Swift's continuous clock has number 1, and counts while the machine sleeps; its suspending clock has number 2.
static SWIFT void enqueue_at(long long seconds, long long nanoseconds, long long tolerance_seconds,
                             long long tolerance_nanoseconds, int clock, void *job, enqueue_then *swifts_own) {
  struct timespec now;
#if defined(__linux__)
  clock_gettime(clock == 1 ? CLOCK_BOOTTIME : CLOCK_MONOTONIC, &now);
#else
  clock_gettime(clock == 1 ? CLOCK_MONOTONIC : CLOCK_UPTIME_RAW, &now);
#endif
  int64_t left;
  if (__builtin_mul_overflow(seconds - now.tv_sec, 1000000000LL, &left)) left = seconds > now.tv_sec ? INT64_MAX : 0;
  else if (__builtin_add_overflow(left, nanoseconds - now.tv_nsec, &left)) left = INT64_MAX;
  if (takers.later(job, left)) return;
  swifts_own(seconds, nanoseconds, tolerance_seconds, tolerance_nanoseconds, clock, job);
}

enum joist_takeover joist_jobs_are_taken(void) {
  void **now = FIND(swift_task_enqueueGlobal_hook);
  bool are_there = now != NULL && FIND(swift_task_enqueueGlobalWithDelay_hook) != NULL &&
                   FIND(swift_task_enqueueGlobalWithDeadline_hook) != NULL && FIND(swift_job_run) != NULL;
  if (!are_there) return joist_takeover_missing;
  return __atomic_load_n(now, __ATOMIC_SEQ_CST) != NULL ? joist_takeover_taken : joist_takeover_free;
}

bool joist_jobs_take_over(struct joist_job_takers new_takers) {
  void **now = FIND(swift_task_enqueueGlobal_hook), *nobody = NULL;
  run = (run_job *)FIND(swift_job_run);
  takers = new_takers;
  if (!__atomic_compare_exchange_n(now, &nobody, (void *)enqueue, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    return false;
  }
  void **after = FIND(swift_task_enqueueGlobalWithDelay_hook), **at = FIND(swift_task_enqueueGlobalWithDeadline_hook);
  __atomic_store_n(after, (void *)enqueue_after, __ATOMIC_SEQ_CST);
  __atomic_store_n(at, (void *)enqueue_at, __ATOMIC_SEQ_CST);
  return true;
}

void joist_job_give_back(void *job) {
  enqueue_now *swifts_own = __atomic_load_n(&original, __ATOMIC_RELAXED);
  if (swifts_own != NULL) swifts_own(job);
  else joist_job_run(job);
}

void joist_job_run(void *job) { run(job, (struct joist_executor){0, 0}); }

#pragma mark - Unlocking an actor (W51)

// The head of Swift's `Job`, and what the function needs.
struct unlocking {
  const void *type;
  uintptr_t references;
  void *of_scheduler[2];
  uint32_t flags, identity;
  void *reserved[2];
  SWIFT_ASYNC void (*function)(struct unlocking *job);
  struct joist_executor **record;
  void *actor;
  void (*before)(void *context);
  void *context;
};

_Static_assert(offsetof(struct unlocking, function) == 56, "Swift calls the function there");

static SWIFT_ASYNC void name_actor(struct unlocking *job) {
  **job->record = (struct joist_executor){(uintptr_t)job->actor, 0};
  if (job->before != NULL) job->before(job->context);
}

void joist_actor_unlock(const struct joist_words *words, void *actor, void (*before)(void *context), void *context) {
  struct unlocking job = {
    // The first kind that is left to others, and the default priority.
    .flags = 192 | 0x15 << 8,
    .function = name_actor,
    .record = (struct joist_executor **)words->executor,
    .actor = actor,
    .before = before,
    .context = context,
  };
  joist_job_run(&job);
}
