// SPDX-License-Identifier: Apache-2.0
//
// Locks and unlocks a `Mutex` of Swift that is contended, in place of the functions of Swift's library.
//
// On Linux, a `Mutex` is a word with the number of the thread that holds it. Code that Swift compiles into the program
// takes a free `Mutex` and releases an uncontended one by one atomic operation each; everything else is left to three
// functions of a library, which leave it to the kernel. The compiled code reads the thread's number from a
// thread-local, whose address the compiler may keep for the rest of a function. After a suspension in this function
// the process may be on another thread, and the word gets the number of the former one. The kernel believes the word:
// it takes the former thread for the holder and refuses to unlock the `Mutex`, so waiters wait forever; and if a
// process on the former thread locks it, it traps as if it locked the same `Mutex` twice.
//
// The functions below have the library's names, and the linker prefers a definition of the program. They take a `Mutex`
// for locked whatever number it has, and any thread may unlock it. They do without priority inheritance.
// Rules:
// W47. The word is zero if and only if the `Mutex` is not locked. The topmost bit is set if threads may sleep on it. A
//      thread that has spun in vain sets the bit when it locks, because it does not know whether others sleep.
// W48. A thread that the word names has locked the `Mutex` twice if it is no scheduler's. A scheduler's thread may have
//      its number from a process that has left it, so it counts as such only after five seconds in which the word has
//      not changed. The library's own function is called then, which traps.
// W52. A thread of the runtime that the word names may have locked the `Mutex` in code that crashed: nobody unlocks it
//      then. A waiter concludes that after five seconds in which the word has not changed, if that thread has contained
//      a crash and has turned to other code meanwhile. Only a process that suspends under the lock looks the same,
//      which is not supported. A crash under a lock ends the program (W22), so this one does so now. If such crashes
//      are contained, the waiting process ends, and a thread that runs none waits on.
#define _GNU_SOURCE
#include "CJoist.h"

#if defined(__linux__)

#include "fault.h"
#include "find.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLEEPERS 0x80000000u
#define NUMBER 0x3fffffffu

#define SWIFT __attribute__((swiftcall, weak))
#define SELF __attribute__((swift_context)) uint32_t *word

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Weak, so that a program that links Swift's runtime statically does not define them twice; it has the library's.
SWIFT void mutex_lock_slow(uint32_t number, SELF) __asm__(LOCK_SLOW);
SWIFT bool mutex_try_lock_slow(SELF) __asm__(TRY_LOCK_SLOW);
SWIFT void mutex_unlock_slow(SELF) __asm__(UNLOCK_SLOW);

typedef __attribute__((swiftcall)) void lock_of_library(uint32_t number, SELF);
typedef __attribute__((swiftcall)) void unlock_of_library(SELF);

enum { SPINS = 1000, LOOKS = 20 };

// Ordering: acquiring, so that what the former holder wrote is seen.
static bool take(uint32_t *word, uint32_t value) {
  uint32_t expected = 0;
  return __atomic_load_n(word, __ATOMIC_RELAXED) == 0 &&
         __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

// Sleeps for at most a quarter of a second, and returns whether nobody woke the thread.
static bool sleeps_in_vain(const uint32_t *word, uint32_t expected) {
  const struct timespec limit = {.tv_nsec = 250 * 1000 * 1000};
  return syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, &limit, NULL, 0) != 0 && errno == ETIMEDOUT;
}

// Locks with the library's function, which traps if the word names this thread.
static void lock_twice(uint32_t number, uint32_t *word) {
  ((lock_of_library *)dlsym(RTLD_NEXT, LOCK_SLOW))(number, word);
}

// What a thread that waits for a `Mutex` has seen of it.
struct wait {
  uint32_t last;
  // The looks since the word was `last` first, and what its holder did then.
  int in_vain;
  struct joist_glance first;
  // Whether the holder is a thread of the runtime; and whether it has been seen at other code than at first.
  bool is_known, has_turned;
};

static bool is_in_process(void) {
  const struct joist_site *site = joist_faults_site();
  return site != NULL && *site->running != NULL;
}

static void (*on_orphan)(bool only_process);

void joist_mutex_watch(void (*ended)(bool only_process)) {
  // Every caller passes the same function.
  __atomic_store_n(&on_orphan, ended, __ATOMIC_RELAXED);
}

// Looks at the holder again, and ends the process or the program if it will never unlock the `Mutex` (W52).
static void look_at_holder(struct wait *wait) {
  struct joist_glance now = {0};
  const bool is_known = joist_sites_look(wait->last & NUMBER, &now);
  if (wait->in_vain == 0) {
    wait->first = now;
    wait->is_known = is_known;
    wait->has_turned = is_known && now.running == NULL;
    return;
  }
  if (!wait->is_known || !is_known) return;
  wait->has_turned |= now.running != wait->first.running || now.slices != wait->first.slices;
  if (wait->in_vain < LOOKS || !wait->has_turned || !now.has_crashed) return;
  void (*ended)(bool) = __atomic_load_n(&on_orphan, __ATOMIC_RELAXED);
  if (ended != NULL && (!now.contains_locks || is_in_process())) ended(now.contains_locks);
}

SWIFT void mutex_lock_slow(uint32_t number, SELF) {
  for (int spin = 0; spin < SPINS; spin++) {
    if (take(word, number)) return;
    joist_pause();
  }
  const uint32_t own = (uint32_t)syscall(SYS_gettid);
  struct wait wait = {0};
  while (!take(word, number | SLEEPERS)) {
    // Ordering: relaxed, because `take` alone decides who holds the `Mutex`.
    uint32_t seen = __atomic_load_n(word, __ATOMIC_RELAXED);
    const uint32_t noted = seen | SLEEPERS;  // W47
    if (seen == 0) continue;
    if (seen != noted &&
        !__atomic_compare_exchange_n(word, &seen, noted, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) continue;
    if (noted != wait.last) wait = (struct wait){.last = noted};
    if ((noted & NUMBER) == own) {
      // W48
      if (joist_thread_current() == NULL || wait.in_vain == LOOKS) return lock_twice(number, word);
    } else {
      look_at_holder(&wait);
    }
    if (sleeps_in_vain(word, noted)) wait.in_vain++;
    else wait.in_vain = 0;
  }
}

// The compiled code calls this after its one attempt has failed, because another thread holds the `Mutex`.
SWIFT bool mutex_try_lock_slow(SELF) {
  (void)word;
  return false;
}

// Called if the word has other contents than the thread's number: threads sleep, or another thread locked it.
// Ordering: releasing, the counterpart of `take`.
SWIFT void mutex_unlock_slow(SELF) {
  const uint32_t old = __atomic_exchange_n(word, 0, __ATOMIC_RELEASE);
  if (old & SLEEPERS) joist_futex_wake(word, 1);
  if (old != 0) return;
  // Nobody held it; the library's function traps.
  ((unlock_of_library *)dlsym(RTLD_NEXT, UNLOCK_SLOW))(word);
}

#endif
