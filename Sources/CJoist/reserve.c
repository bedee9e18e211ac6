// SPDX-License-Identifier: Apache-2.0
//
// A stack that ends inside a library, and the part of its guard that the library gets (W20). Rules:
// W40. The reserve is opened in parts. The first is three sevenths of the guard: no call of a library that does not
//      recurse is known to need a quarter of that. Each further one is a seventh, and the last two are never opened, so
//      that a frame does not pass over them.
// W41. A library that uses the first part up recurses without end, as far as its stack can tell. It is not asked to
//      finish, for it would not: it is left where it recurses (`recursion.c`).
#define _GNU_SOURCE
#include "fault.h"

#include <errno.h>
#include <sys/mman.h>

static size_t first_part(const struct joist_site *site) { return site->guard_bytes / 7 * 3; }
static size_t next_part(const struct joist_site *site) { return site->guard_bytes / 7; }
static size_t most(const struct joist_site *site) { return site->guard_bytes / 7 * 5; }

// Makes that many bytes more of the guard writable; false where the system refuses, or none may be opened.
static bool open_part(struct joist_site *site, size_t bytes) {
  struct joist_fault *fault = &site->fault;
  if (fault->reserve_bytes + bytes > most(site)) return false;
  void *start = (void *)(fault->low - fault->reserve_bytes - bytes);
#if defined(__linux__)
  enum { guard_remove = 103 };  // MADV_GUARD_REMOVE
  if (madvise(start, bytes, guard_remove) != 0 && errno != EINVAL) return false;
#endif
  if (mprotect(start, bytes, PROT_READ | PROT_WRITE) != 0) return false;
  fault->reserve_bytes += bytes;
  return true;
}

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
