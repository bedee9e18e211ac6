// SPDX-License-Identifier: Apache-2.0
//
// Keeps what Swift's runtime prints of crashes that tests expect, and prints it only if the run fails: a run that
// passes says nothing of "Fatal error". Expected are crashes on threads of Joist, which contains them, and those of an
// exit test, unless the test observes what its program prints.
#define _GNU_SOURCE
#include "CFaultProbe.h"

#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED
#endif
#endif

#if defined(__GLIBC__) && !defined(IS_SANITIZED)

// Of the runtime: the scheduler whose thread this is.
extern _Thread_local void *joist_current;

// Of the C library: `vfprintf`, under a name that this file does not take.
int __vfprintf_chk(FILE *stream, int flag, const char *format, va_list arguments);

// The code of Swift's runtime libraries.
static struct {
  uintptr_t start, end;
} code[16];
static int code_count;

static bool is_exit_test, is_observed;

// What was kept. A text that does not fit any more is lost.
static char kept[1 << 24];
static atomic_size_t kept_bytes;

static void keep(const char *text, size_t bytes) {
  size_t at = atomic_fetch_add(&kept_bytes, bytes);
  if (at + bytes <= sizeof kept) memcpy(kept + at, text, bytes);
}

static int note_code(struct dl_phdr_info *library, size_t size, void *unused) {
  (void)size, (void)unused;
  if (library->dlpi_name == NULL || strstr(library->dlpi_name, "/libswift") == NULL) return 0;
  for (int i = 0; i < library->dlpi_phnum && code_count < 16; i++) {
    const ElfW(Phdr) *part = &library->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0) continue;
    code[code_count].start = library->dlpi_addr + part->p_vaddr;
    code[code_count].end = code[code_count].start + part->p_memsz;
    code_count++;
  }
  return 0;
}

// A run that failed shows what was kept.
static void print_kept(int status, void *unused) {
  (void)unused;
  size_t bytes = atomic_load(&kept_bytes);
  if (status == 0 || is_exit_test || bytes == 0) return;
  static const char head[] = "\nWhat Swift's runtime said of crashes that tests expected:\n";
  if (bytes > sizeof kept) bytes = sizeof kept;
  if (write(2, head, sizeof head - 1) < 0 || write(2, kept, bytes) < 0) return;
}

// The program of an exit test has its parent's error output, unless that is observed.
static bool has_output_of_parent(void) {
  char path[64];
  struct stat own, parents;
  snprintf(path, sizeof path, "/proc/%d/fd/2", (int)getppid());
  if (fstat(2, &own) != 0 || stat(path, &parents) != 0) return false;
  return own.st_dev == parents.st_dev && own.st_ino == parents.st_ino;
}

__attribute__((constructor)) static void prepare(void) {
  is_exit_test = getenv("SWT_EXIT_TEST_ID") != NULL;
  is_observed = is_exit_test && !has_output_of_parent();
  dl_iterate_phdr(note_code, NULL);
  on_exit(print_kept, NULL);
}

// Whether a crash on this thread is expected.
static bool is_expected(void) {
  if (is_exit_test || joist_current != NULL) return true;
  char name[16] = "";
  return pthread_getname_np(pthread_self(), name, sizeof name) == 0 && strncmp(name, "joist", 5) == 0;
}

// Whether what a caller prints is kept.
static bool is_kept(FILE *stream, void *caller) {
  if (stream != stderr || is_observed) return false;
  for (int i = 0; i < code_count; i++) {
    if ((uintptr_t)caller >= code[i].start && (uintptr_t)caller < code[i].end) return is_expected();
  }
  return false;
}

int fputs(const char *text, FILE *stream) {
  // By way of a pointer, or the compiler would make it a call of `fputs`.
  static size_t (*volatile const print)(const void *, size_t, size_t, FILE *) = fwrite;
  size_t bytes = strlen(text);
  if (!is_kept(stream, __builtin_return_address(0))) return print(text, 1, bytes, stream) == bytes ? 1 : EOF;
  keep(text, bytes);
  return 1;
}

static int keep_formatted(const char *format, va_list arguments) {
  char text[1024];
  int bytes = vsnprintf(text, sizeof text, format, arguments);
  if (bytes > 0) keep(text, (size_t)bytes < sizeof text ? (size_t)bytes : sizeof text - 1);
  return bytes;
}

int vfprintf(FILE *stream, const char *format, va_list arguments) {
  if (is_kept(stream, __builtin_return_address(0))) return keep_formatted(format, arguments);
  return __vfprintf_chk(stream, 0, format, arguments);
}

int fprintf(FILE *stream, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  bool keeps = is_kept(stream, __builtin_return_address(0));
  int bytes = keeps ? keep_formatted(format, arguments) : __vfprintf_chk(stream, 0, format, arguments);
  va_end(arguments);
  return bytes;
}

bool probe_keeps_what_is_said(void) { return code_count > 0; }

bool probe_has_kept(const char *text) {
  size_t bytes = atomic_load(&kept_bytes);
  return memmem(kept, bytes < sizeof kept ? bytes : sizeof kept, text, strlen(text)) != NULL;
}

#else

bool probe_keeps_what_is_said(void) { return false; }
bool probe_has_kept(const char *text) { return text == NULL; }

#endif
