// SPDX-License-Identifier: Apache-2.0
//
// Counts the allocations of each thread of the test program, and makes some of them fail. It replaces the C library's
// functions, where that library allows this.
#include "CFaultProbe.h"

#include <errno.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED
#endif
#endif

#if defined(__GLIBC__) && !defined(IS_SANITIZED)

static _Thread_local int64_t calls, calls_under_locks, calls_until_failure;

static bool always_fails;

// Declared in CJoist.h.
int joist_spin_locks(void);

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

// Counts a call. Returns whether it may allocate.
static bool count(void) {
  calls++;
  calls_under_locks += joist_spin_locks() > 0;
  if (__atomic_load_n(&always_fails, __ATOMIC_RELAXED)) return false;
  return calls_until_failure == 0 || --calls_until_failure > 0;
}

void *malloc(size_t bytes) { return count() ? __libc_malloc(bytes) : NULL; }
void *calloc(size_t items, size_t bytes) { return count() ? __libc_calloc(items, bytes) : NULL; }
void *realloc(void *block, size_t bytes) { return count() ? __libc_realloc(block, bytes) : NULL; }
void *aligned_alloc(size_t alignment, size_t bytes) { return count() ? __libc_memalign(alignment, bytes) : NULL; }

int posix_memalign(void **block, size_t alignment, size_t bytes) {
  *block = aligned_alloc(alignment, bytes);
  return *block == NULL ? ENOMEM : 0;
}

int64_t probe_fail_malloc(int64_t number) {
  int64_t left = calls_until_failure;
  calls_until_failure = number;
  return left;
}

void probe_fail_malloc_for_ever(bool fails) { __atomic_store_n(&always_fails, fails, __ATOMIC_RELAXED); }

int64_t probe_malloc_calls(void) { return calls; }
int64_t probe_malloc_calls_under_locks(void) { return calls_under_locks; }

#else

int64_t probe_malloc_calls(void) { return -1; }
int64_t probe_malloc_calls_under_locks(void) { return 0; }
int64_t probe_fail_malloc(int64_t number) { return number; }
void probe_fail_malloc_for_ever(bool fails) { (void)fails; }

#endif
