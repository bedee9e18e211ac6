// SPDX-License-Identifier: Apache-2.0
//
// Finds the message that Swift's runtime printed before a fault.
//
// Swift's runtime has one text for all threads. It appends each report to this text, and then the thread dies. So the
// text is taken away at each crash; otherwise each crash would carry the reports of all earlier ones. Another thread
// may be reading the text at that moment, so it is freed only after many others. Rules:
// W28. A text may hold the reports of several threads that die at once. Reports that are not asked for stay unclaimed
//      until their own crash asks. A crash gets the youngest report of its kind. Its own report can be older only when
//      two threads died within the same microseconds. A crash about which Swift's runtime prints nothing asks for no
//      report; but where the runtime is linked into the program, the two cannot be told apart, and every crash asks.
//      Swift's runtime may append a report to "(null)" when its text is taken between two of its steps.
// W46. Without memory for its text, Swift's runtime prints a null string, or looks up the names of the backtrace in
//      memory that it did not get, and faults in doing so. It is about to abort then, so the fault counts as that
//      abort.
#define _GNU_SOURCE
#include "fault_text.h"
#include "find.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

WEAK(swift_getFatalErrorMessageBuffer)
WEAK(swift_reportError)

// The function of Swift's runtime that reports why it dies.
static uintptr_t report_error;

// Where Swift's runtime keeps its text, null where it has none; and whether the runtime is linked into the program.
static char **swift_text;
static bool is_static;

enum { max_unclaimed_bytes = 16 << 10, max_taken = 64 };

// The reports that no crash has claimed, the oldest first, each with its terminating null; and the texts that they
// were taken from, which are freed when another text replaces them.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char unclaimed[max_unclaimed_bytes];
static size_t unclaimed_bytes;
static char *taken[max_taken];
static unsigned next_taken;

void joist_text_find(void) {
#if defined(__linux__)
  char **(*swift)(void) = FIND(swift_getFatalErrorMessageBuffer);
  report_error = (uintptr_t)FIND(swift_reportError);
  swift_text = swift != NULL ? swift() : NULL;
  is_static = swift != NULL && joist_code_of((uintptr_t)swift) == joist_code_program;
#endif
}

bool joist_text_is_static(void) { return is_static; }

bool joist_text_is_missing(const struct joist_fault *fault) {
  enum { function_bytes = 256 };
  if (report_error == 0) return false;
  for (int i = 1; i < fault->frame_count && (is_static || joist_code_of(fault->frames[i]) != joist_code_program); i++)
    if (fault->frames[i] - report_error < function_bytes) return true;
  return false;
}

bool joist_text_is_there(void) {
  // Relaxed, because it is a hint: this thread has written the text itself, or the text has been taken since.
  return swift_text != NULL && (__atomic_load_n(swift_text, __ATOMIC_RELAXED) != NULL ||
                                __atomic_load_n(&unclaimed_bytes, __ATOMIC_RELAXED) != 0);
}

// Removes a report from the unclaimed ones.
static void forget(char *report, size_t bytes) {
  memmove(report, report + bytes, (size_t)(unclaimed + unclaimed_bytes - report) - bytes);
  __atomic_store_n(&unclaimed_bytes, unclaimed_bytes - bytes, __ATOMIC_RELAXED);
}

// Appends a report to the unclaimed ones, without "(null)" and trailing newlines; drops the oldest if there is no room.
static void keep_unclaimed(const char *report, size_t length) {
  static const char null[] = "(null)";
  if (strncmp(report, null, sizeof null - 1) == 0) report += sizeof null - 1, length -= sizeof null - 1;
  while (length > 0 && report[length - 1] == '\n') length--;
  if (length == 0) return;
  if (length >= max_unclaimed_bytes) length = max_unclaimed_bytes - 1;
  while (unclaimed_bytes + length + 1 > max_unclaimed_bytes) forget(unclaimed, strlen(unclaimed) + 1);
  memcpy(unclaimed + unclaimed_bytes, report, length);
  unclaimed[unclaimed_bytes + length] = 0;
  __atomic_store_n(&unclaimed_bytes, unclaimed_bytes + length + 1, __ATOMIC_RELAXED);
}

// Whether a report is that of a trap: its first line is like `File.swift:3: Fatal error: ...`.
static bool is_of_trap(const char *report) {
  const char *found = strstr(report, ": Fatal error: ");
  return found != NULL && found < report + strcspn(report, "\n");
}

// Whether a line begins a report: of a trap, or of an abort in one of the usual forms.
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

// Takes the text of Swift's runtime away and adds its reports to the unclaimed ones.
static void take_text(void) {
  // Acquire pairs with the exchange by which Swift's runtime stored the text. Nothing is released.
  char *text = swift_text == NULL ? NULL : __atomic_exchange_n(swift_text, NULL, __ATOMIC_ACQUIRE);
  if (text == NULL) return;
  for (const char *report = text, *end; *report != 0; report = end) {
    end = next_line(report);
    while (*end != 0 && !is_first(end)) end = next_line(end);
    keep_unclaimed(report, (size_t)(end - report));
  }
  char **slot = &taken[next_taken++ % max_taken];
  free(*slot);
  *slot = text;
}

size_t joist_fault_text(const struct joist_fault *fault, char *copy, size_t bytes) {
  if (!fault->has_text) return 0;
  pthread_mutex_lock(&lock);
  take_text();
  char *best = NULL;
  bool best_fits = false;
  for (char *report = unclaimed; report < unclaimed + unclaimed_bytes; report += strlen(report) + 1) {
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
