// SPDX-License-Identifier: Apache-2.0
//
// What Swift's runtime said before a fault. Rules:
// W21. Swift's runtime has one text for all threads. It appends each report to it, and then its thread dies. So the
//      text is taken away with each death; otherwise each would carry all before. Another thread may just read it, so
//      it is freed only after many others.
// W28. A text may hold the reports of several threads, which die at once. Those not asked for wait for their own. A
//      death gets the youngest of its kind, for its own is older than that only when two died in the same microseconds;
//      and one of which Swift's runtime says nothing asks for none. Where that is a part of the program, the two cannot
//      be told apart, and each asks. Swift's runtime may append to "(null)" where a text is taken in between.
// W46. Without memory for its text Swift's runtime prints a null string, or asks what it was not given for the names of
//      the backtrace, and faults in that. It is about to abort: the fault is taken for that abort.
#define _GNU_SOURCE
#include "fault_text.h"
#include "find.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

WEAK(swift_getFatalErrorMessageBuffer)
WEAK(swift_reportError)

// Where Swift's runtime says what it died of.
static uintptr_t report_error;

// Where Swift's runtime keeps its text, null where there is none; and whether it is a part of the program.
static char **swift_text;
static bool is_static;

enum { waiting_most = 16 << 10, kept_most = 64 };

// The reports that nobody has claimed, the oldest first, each with its null; and the texts they came from.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char waiting[waiting_most];
static size_t waiting_bytes;
static char *kept[kept_most];
static unsigned turn;

void joist_text_find(void) {
#if defined(__linux__)
  char **(*swift)(void) = FIND(swift_getFatalErrorMessageBuffer);
  report_error = (uintptr_t)FIND(swift_reportError);
  swift_text = swift != NULL ? swift() : NULL;
  is_static = swift != NULL && joist_place_of((uintptr_t)swift) == joist_place_program;
#endif
}

bool joist_text_is_static(void) { return is_static; }

bool joist_text_is_missing(const struct joist_fault *fault) {
  enum { function_bytes = 256 };
  if (report_error == 0) return false;
  for (int i = 1; i < fault->frame_count && (is_static || joist_place_of(fault->frames[i]) != joist_place_program); i++)
    if (fault->frames[i] - report_error < function_bytes) return true;
  return false;
}

bool joist_text_is_there(void) {
  // A hint, of a text that this thread itself has written or that has been taken since: relaxed.
  return swift_text != NULL && (__atomic_load_n(swift_text, __ATOMIC_RELAXED) != NULL ||
                                __atomic_load_n(&waiting_bytes, __ATOMIC_RELAXED) != 0);
}

static void forget(char *report, size_t bytes) {
  memmove(report, report + bytes, (size_t)(waiting + waiting_bytes - report) - bytes);
  __atomic_store_n(&waiting_bytes, waiting_bytes - bytes, __ATOMIC_RELAXED);
}

static void wait_for_its_own(const char *report, size_t length) {
  static const char null[] = "(null)";
  if (strncmp(report, null, sizeof null - 1) == 0) report += sizeof null - 1, length -= sizeof null - 1;
  while (length > 0 && report[length - 1] == '\n') length--;
  if (length == 0) return;
  if (length >= waiting_most) length = waiting_most - 1;
  while (waiting_bytes + length + 1 > waiting_most) forget(waiting, strlen(waiting) + 1);
  memcpy(waiting + waiting_bytes, report, length);
  waiting[waiting_bytes + length] = 0;
  __atomic_store_n(&waiting_bytes, waiting_bytes + length + 1, __ATOMIC_RELAXED);
}

// Whether a report is of a trap, as `File.swift:3: Fatal error: ...`, which is seen in its first line.
static bool is_of_trap(const char *report) {
  const char *found = strstr(report, ": Fatal error: ");
  return found != NULL && found < report + strcspn(report, "\n");
}

// Whether a line begins a report: of a trap, or of an abort as most begin.
static bool is_first(const char *line) {
  static const char *const aborts[] = {"Fatal error: ", "Could not cast ", "Simultaneous accesses "};
  for (size_t i = 0; i < sizeof aborts / sizeof *aborts; i++)
    if (strncmp(line, aborts[i], strlen(aborts[i])) == 0) return true;
  return is_of_trap(line);
}

static const char *next_line(const char *text) {
  text += strcspn(text, "\n");
  return *text == 0 ? text : text + 1;
}

// (W21)
static void take_text(void) {
  // Acquiring pairs with the exchange of Swift's runtime, which put the text there; nothing is released.
  char *text = swift_text == NULL ? NULL : __atomic_exchange_n(swift_text, NULL, __ATOMIC_ACQUIRE);
  if (text == NULL) return;
  for (const char *report = text, *end; *report != 0; report = end) {
    end = next_line(report);
    while (*end != 0 && !is_first(end)) end = next_line(end);
    wait_for_its_own(report, (size_t)(end - report));
  }
  char **place = &kept[turn++ % kept_most];
  free(*place);
  *place = text;
}

size_t joist_fault_text(const struct joist_fault *fault, char *copy, size_t bytes) {
  if (!fault->has_text) return 0;
  pthread_mutex_lock(&lock);
  take_text();
  char *best = NULL;
  bool best_fits = false;
  for (char *report = waiting; report < waiting + waiting_bytes; report += strlen(report) + 1) {
    bool fits = is_of_trap(report) == (fault->signal != SIGABRT);
    if (best_fits && !fits) continue;
    best = report;
    best_fits = fits;
  }
  size_t length = 0;
  if (best != NULL) {
    size_t whole = strlen(best);
    length = whole < bytes ? whole : bytes;
    memcpy(copy, best, length);
    forget(best, whole + 1);
  }
  pthread_mutex_unlock(&lock);
  return length;
}
