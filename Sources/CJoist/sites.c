// SPDX-License-Identifier: Apache-2.0
//
// The list of all threads whose crashes are contained, so that another thread can see what one of them does.
//
// A thread adds its site when it begins to contain crashes, and removes it before the memory of the site is freed. A
// spin lock guards the list. What the owner of a site changes meanwhile is read as a guess.
#define _GNU_SOURCE
#include "fault.h"

#if defined(__linux__)
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define READS_GUESSES __attribute__((no_sanitize("thread")))
#endif
#endif
#ifndef READS_GUESSES
#define READS_GUESSES
#endif

// Guarded by `is_locked`.
static struct joist_site *first;
// What a look finds of a thread that has ended, if any has contained a crash.
static struct joist_glance ended;
static bool is_locked;

// Ordering: acquiring and releasing, as in any lock.
static bool try_lock(void) { return !__atomic_exchange_n(&is_locked, true, __ATOMIC_ACQUIRE); }
static void unlock(void) { __atomic_store_n(&is_locked, false, __ATOMIC_RELEASE); }

static void lock(void) {
  while (!try_lock()) joist_pause();
}

void joist_sites_add(struct joist_site *site) {
#if defined(__linux__)
  site->thread = (uint32_t)syscall(SYS_gettid);
#endif
  lock();
  site->next = first;
  first = site;
  unlock();
}

void joist_sites_remove(struct joist_site *site) {
  lock();
  if (site->has_crashed) ended = (struct joist_glance){.has_crashed = true, .contains_locks = site->contains_locks};
  struct joist_site **link = &first;
  while (*link != site) link = &(*link)->next;
  *link = site->next;
  unlock();
}

// Returns whether the program has no thread with that number any longer.
static bool has_ended(uint32_t thread) {
#if defined(__linux__)
  const int error = errno;
  const bool is_gone = syscall(SYS_tgkill, getpid(), thread, 0) != 0 && errno == ESRCH;
  errno = error;
  return is_gone;
#else
  (void)thread;
  return false;
#endif
}

READS_GUESSES bool joist_sites_look(uint32_t thread, struct joist_glance *glance) {
  // In the child of a fork, the lock may be held by a thread that is not there.
  if (!try_lock()) return false;
  const struct joist_site *site = first;
  while (site != NULL && site->thread != thread) site = site->next;
  bool is_known = site != NULL;
  if (is_known) {
    glance->running = __atomic_load_n(site->running, __ATOMIC_RELAXED);
    glance->slices = site->slices == NULL ? 0 : __atomic_load_n(site->slices, __ATOMIC_RELAXED);
    glance->has_crashed = __atomic_load_n(&site->has_crashed, __ATOMIC_RELAXED);
    glance->contains_locks = site->contains_locks;
  } else if (ended.has_crashed && has_ended(thread)) {
    *glance = ended;
    is_known = true;
  }
  unlock();
  return is_known;
}
