// SPDX-License-Identifier: Apache-2.0
//
// Handles a stack that overflows inside a library: the library gets a part of the stack's guard as a reserve (W20).
// Rules:
// W40. The reserve is opened in parts. The first part is three sevenths of the guard; no library call that does not
//      recurse is known to need even a quarter of that. Each further part is one seventh. The last two sevenths are
//      never opened, so that a large frame cannot skip the guard.
// W41. A library that uses up the first part recurses without bound, as far as its stack can tell. It is not allowed to
//      finish, because it would not: its frames are abandoned where it recurses (`recursion.c`).
#define _GNU_SOURCE
#include "fault.h"

#include <errno.h>
#include <sys/mman.h>

static size_t first_part(const struct joist_site *site) { return site->guard_bytes / 7 * 3; }
static size_t next_part(const struct joist_site *site) { return site->guard_bytes / 7; }
static size_t max_reserve(const struct joist_site *site) { return site->guard_bytes / 7 * 5; }

// Makes the next `bytes` bytes of the guard writable. Returns false where the system refuses, or the limit is reached.
static bool open_part(struct joist_site *site, size_t bytes) {
  struct joist_fault *fault = &site->fault;
  if (fault->reserve_bytes + bytes > max_reserve(site)) return false;
  void *start = (void *)(fault->low - fault->reserve_bytes - bytes);
#if defined(__linux__)
  enum { guard_remove = 103 };  // MADV_GUARD_REMOVE
  if (madvise(start, bytes, guard_remove) != 0 && errno != EINVAL) return false;
#endif
  if (mprotect(start, bytes, PROT_READ | PROT_WRITE) != 0) return false;
  fault->reserve_bytes += bytes;
  return true;
}

// Handles the first overflow of a stack: redirects the return of the library and opens the first part.
static enum joist_overflow begin(struct joist_site *site, ucontext_t *context, uintptr_t low, uintptr_t top) {
  struct joist_fault *fault = &site->fault;
  if (!joist_frames_redirect(context, low, top, NULL)) return joist_overflow_passes;
  fault->low = low;
  if (!open_part(site, first_part(site))) return joist_overflow_passes;
  joist_running_bounds(site)[0] = top;
  fault->recursion.count = 0;
  return joist_overflow_finishes;
}

enum joist_overflow joist_reserve_use(struct joist_site *site, ucontext_t *context, uintptr_t low, uintptr_t top) {
  struct joist_fault *fault = &site->fault;
  if (fault->reserve_bytes == 0) return begin(site, context, low, top);
  uintptr_t end = fault->low - fault->reserve_bytes;
  if (fault->recursion.count == 0)
    joist_recursion_find(&fault->recursion, context, end, top, first_part(site) / 2);
  if (joist_recursion_has_pc(&fault->recursion, joist_context_pc(context))) return joist_overflow_ends;
  if (!joist_frames_redirect(context, end, top, &fault->recursion)) return joist_overflow_passes;
  return open_part(site, next_part(site)) ? joist_overflow_finishes : joist_overflow_passes;
}

bool joist_fault_close_reserve(struct joist_site *site) {
  struct joist_fault *fault = &site->fault;
  size_t bytes = fault->reserve_bytes;
  if (bytes == 0) return true;
  void *start = (void *)(fault->low - bytes);
  joist_running_bounds(site)[0] = fault->low;
  fault->reserve_bytes = 0;
  madvise(start, bytes, MADV_DONTNEED);
  return joist_guard_install(start, bytes) || mprotect(start, bytes, PROT_NONE) == 0;
}
