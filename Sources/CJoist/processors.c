// SPDX-License-Identifier: Apache-2.0
//
// Finds the processors that this program may use, and restricts a thread to some of them. Swift does not see Linux's
// affinity calls, because they are GNU extensions.
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <unistd.h>

#include "CJoist.h"

// Stores the processors of the program's first thread, because a scheduler's thread may be restricted to fewer.
#if defined(__linux__)
static bool find_allowed(cpu_set_t *set) { return sched_getaffinity(getpid(), sizeof *set, set) == 0; }
#endif

int joist_processors_allowed(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (find_allowed(&set)) return CPU_COUNT(&set);
#endif
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

bool joist_processor_is_allowed(int processor) {
#if defined(__linux__)
  cpu_set_t set;
  if (find_allowed(&set)) return processor < CPU_SETSIZE && CPU_ISSET(processor, &set);
#endif
  return true;
}

void joist_stay_on_processors(const int64_t *processors, int64_t count) {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int64_t i = 0; i < count; i++) {
    if (processors[i] < CPU_SETSIZE) CPU_SET(processors[i], &set);
  }
  sched_setaffinity(0, sizeof set, &set);
#else
  (void)processors, (void)count;
#endif
}

int joist_current_processor(void) {
#if defined(__linux__)
  return sched_getcpu();
#else
  return 0;
#endif
}
