// SPDX-License-Identifier: Apache-2.0
//
// The files of the flight recorder: one that the rings lie in while the program runs, and those that it writes.
#define _GNU_SOURCE
#include "CJoist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int32_t joist_pid(void) { return getpid(); }

// The first runtime of a program gets the path itself, and the later ones a number behind it.
int joist_recording_open(int64_t bytes) {
  static int runtimes;
  const char *path = getenv("JOIST_RECORD");
  if (path == NULL || *path == 0) return -1;
  int number = __atomic_add_fetch(&runtimes, 1, __ATOMIC_RELAXED);
  char numbered[4096];
  int length = snprintf(numbered, sizeof numbered, number == 1 ? "%s" : "%s.%d", path, number);
  int file = -1;
  if (length < (int)sizeof numbered) file = open(numbered, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file >= 0 && ftruncate(file, bytes) == 0) return file;
  fprintf(stderr, "joist: nothing is recorded to %s: %s\n", path, strerror(errno));
  if (file >= 0) close(file);
  return -1;
}

void *joist_map_file(int file, int64_t offset, int64_t bytes) {
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, offset);
  return start == MAP_FAILED ? NULL : start;
}

int joist_file_create(const char *path) { return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); }

bool joist_file_write(int file, const void *bytes, int64_t count) {
  while (count > 0) {
    ssize_t written = write(file, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = (const char *)bytes + written;
    count -= written;
  }
  return true;
}

void joist_file_close(int file) { close(file); }

const char *joist_error_text(void) { return strerror(errno); }
