// SPDX-License-Identifier: Apache-2.0
//
// Makes the system calls that Swift cannot make: sleeping on a word, guards within a mapping, memory, and the name of a
// thread.
//
// Where there is no futex, the threads that sleep on a word share a condition variable with those of other words. A
// waker wakes them all, which the contract allows. The word is read under the lock that a waker takes.
#define _GNU_SOURCE
#include "CJoist.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__linux__)
#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#pragma mark - Sleeping on a word

#if defined(__linux__)

void joist_futex_wait(const void *word, uint32_t expected, int64_t nanoseconds) {
  struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nanoseconds < 0 ? NULL : &limit, NULL, 0);
}

void joist_futex_wake(const void *word, int32_t count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

#else

struct bucket {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
};

static struct bucket *bucket_of(const void *word) {
#define BUCKET {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER}
  static struct bucket buckets[8] = {BUCKET, BUCKET, BUCKET, BUCKET, BUCKET, BUCKET, BUCKET, BUCKET};
#undef BUCKET
  return &buckets[((uintptr_t)word >> 6) % 8];
}

// Sleeps in a bucket. Where a sleep cannot be limited relative to now, a step of the wall clock can shorten or lengthen
// one sleep.
static void sleep_in(struct bucket *bucket, int64_t nanoseconds) {
#if defined(__APPLE__)
  struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  pthread_cond_timedwait_relative_np(&bucket->condition, &bucket->mutex, &limit);
#else
  struct timespec limit;
  clock_gettime(CLOCK_REALTIME, &limit);
  int64_t fraction = limit.tv_nsec + nanoseconds % 1000000000;
  limit.tv_sec += nanoseconds / 1000000000 + fraction / 1000000000;
  limit.tv_nsec = fraction % 1000000000;
  pthread_cond_timedwait(&bucket->condition, &bucket->mutex, &limit);
#endif
}

// Relaxed, because a waker changes the word before it takes the lock: either this load sees the change, or the waker
// comes later and wakes this thread.
void joist_futex_wait(const void *word, uint32_t expected, int64_t nanoseconds) {
  struct bucket *bucket = bucket_of(word);
  pthread_mutex_lock(&bucket->mutex);
  if (__atomic_load_n((const uint32_t *)word, __ATOMIC_RELAXED) == expected) {
    if (nanoseconds < 0) pthread_cond_wait(&bucket->condition, &bucket->mutex);
    else sleep_in(bucket, nanoseconds);
  }
  pthread_mutex_unlock(&bucket->mutex);
}

void joist_futex_wake(const void *word, int32_t count) {
  (void)count;
  struct bucket *bucket = bucket_of(word);
  pthread_mutex_lock(&bucket->mutex);
  pthread_cond_broadcast(&bucket->condition);
  pthread_mutex_unlock(&bucket->mutex);
}

#endif

#pragma mark - Memory

void joist_populate(void *start, size_t bytes) {
#if defined(__linux__)
  enum { populate_write = 23 };  // MADV_POPULATE_WRITE, which older headers do not have
  madvise(start, bytes, populate_write);
#else
  (void)start, (void)bytes;
#endif
}

void *joist_grow(void *start, size_t bytes, size_t new_bytes) {
#if defined(__linux__)
  void *moved = mremap(start, bytes, new_bytes, MREMAP_MAYMOVE);
  return moved == MAP_FAILED ? NULL : moved;
#else
  (void)start, (void)bytes, (void)new_bytes;
  return NULL;
#endif
}

static _Thread_local int spin_locks;

__attribute__((noinline)) int joist_spin_locks(void) { return spin_locks; }
__attribute__((noinline)) void joist_count_spin_lock(int change) { spin_locks += change; }

void *joist_allocate(size_t bytes, size_t alignment) {
  void *memory;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : NULL;
}

bool joist_has_memory(size_t bytes) {
  void *volatile memory = malloc(bytes);
  free(memory);
  return memory != NULL;
}

void joist_stop(const uint8_t *sentence, size_t bytes) {
  static const char begin[] = "Fatal error: ", end[] = "\n";
  // A failed write is ignored: there is no other way to report it.
  bool done = write(STDERR_FILENO, begin, sizeof begin - 1) > 0 && write(STDERR_FILENO, sentence, bytes) > 0 &&
              write(STDERR_FILENO, end, sizeof end - 1) > 0;
  (void)done;
  abort();
}

void joist_trim_malloc(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

#pragma mark - Guards

#if defined(__linux__)

enum { guard_install = 102 };  // MADV_GUARD_INSTALL, which older headers do not have

enum { unknown, works, does_not };

// Tests whether a guard takes effect, since some emulators accept the call and do nothing. It guards a page of zeros
// and makes the kernel read a path from it. That fails with EFAULT behind a guard, and otherwise because no file has an
// empty name. No signal is involved.
static int try_guard(void) {
  size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
  void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return does_not;
  bool faults = madvise(page, bytes, guard_install) == 0 && access(page, F_OK) != 0 && errno == EFAULT;
  munmap(page, bytes);
  return faults ? works : does_not;
}

// Relaxed, because only the answer is published; threads that test at the same time get the same answer.
bool joist_guard_install(void *start, size_t bytes) {
  static int state = unknown;
  int known = __atomic_load_n(&state, __ATOMIC_RELAXED);
  if (known == unknown) {
    known = try_guard();
    __atomic_store_n(&state, known, __ATOMIC_RELAXED);
  }
  return known == works && madvise(start, bytes, guard_install) == 0;
}

#else

bool joist_guard_install(void *start, size_t bytes) {
  (void)start;
  (void)bytes;
  return false;
}

#endif

#pragma mark - Threads

// Linux keeps the first 15 bytes of a name. It lets a thread oversleep by 50 microseconds unless the slack is set.
void joist_thread_prepare(const char *name) {
#if defined(__linux__)
  prctl(PR_SET_NAME, name);
  prctl(PR_SET_TIMERSLACK, 1);
#elif defined(__APPLE__)
  pthread_setname_np(name);
#else
  (void)name;
#endif
}
