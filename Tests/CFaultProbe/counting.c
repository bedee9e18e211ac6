// SPDX-License-Identifier: Apache-2.0
//
// Counts the calls of malloc of each thread of the test program, where the C library lets it put its own in front.
#include "CFaultProbe.h"

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED
#endif
#endif

#if defined(__GLIBC__) && !defined(IS_SANITIZED)

static _Thread_local int64_t calls;

void *__libc_malloc(size_t bytes);

void *malloc(size_t bytes) {
  calls++;
  return __libc_malloc(bytes);
}

int64_t probe_malloc_calls(void) { return calls; }

#else

int64_t probe_malloc_calls(void) { return -1; }

#endif
