// SPDX-License-Identifier: Apache-2.0
//
// How many processors there are for this program. Swift does not see Linux's affinity calls, which are extensions.
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <unistd.h>

#include "CJoist.h"

int joist_processors_allowed(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
