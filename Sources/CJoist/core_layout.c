// SPDX-License-Identifier: Apache-2.0
//
// Tells a debugger where the processes are. Scripts/core reads it in a core file, where no code can run.
#include "CJoist.h"
#include "switch.h"

#include <stdio.h>

enum { TABLES = 64 };

// Its names and its order are known to Scripts/core.py.
struct {
  uint32_t pc_at, fp_at;
  uint32_t count;
  struct {
    uintptr_t records, used;
  } tables[TABLES];
  char text[2048];
} joist_core_layout = {.pc_at = JOIST_CONTEXT_PC_AT, .fp_at = JOIST_CONTEXT_FP_AT};

// Ordering: relaxed, because only a debugger reads it, after the program has stopped.
void joist_core_add(const char *text, uintptr_t records, uintptr_t used) {
  const uint32_t number = __atomic_fetch_add(&joist_core_layout.count, 1, __ATOMIC_RELAXED);
  if (number == 0) snprintf(joist_core_layout.text, sizeof joist_core_layout.text, "%s", text);
  if (number >= TABLES) return;
  joist_core_layout.tables[number].records = records;
  joist_core_layout.tables[number].used = used;
}
