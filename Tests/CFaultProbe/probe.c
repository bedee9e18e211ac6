// SPDX-License-Identifier: Apache-2.0
//
// Functions that crash in one way each, written so that the compiler does not see it, and calls that Swift cannot make.
#define _GNU_SOURCE
#include "CFaultProbe.h"

#include <assert.h>
#include <errno.h>
#include <fenv.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void probe_trap(void) { __builtin_trap(); }

int32_t probe_divide(int32_t a, int32_t b) {
#if defined(__x86_64__)
  int32_t quotient, rest;
  __asm__ volatile("cltd\n\tidivl %3" : "=a"(quotient), "=&d"(rest) : "0"(a), "r"(b) : "cc");
  return quotient;
#else
  if (b == 0) __builtin_trap();  // division does not fault on this processor
  return a / b;
#endif
}

void probe_abort(void) { abort(); }

void probe_write_wildly(void) { *(volatile int *)(uintptr_t)0x10 = 1; }

void probe_free_wildly(void) {
  char *volatile block = malloc(64);
  free(block + 8);
}

void probe_assert(void) {
#undef NDEBUG
  volatile int zero = 0;
  assert(zero == 1);
}

void probe_execute_nonsense(void) {
#if defined(__x86_64__)
  __asm__ volatile(".byte 0x06");  // invalid in 64-bit mode
#else
  __asm__ volatile(".word 0");
#endif
}

int32_t probe_take_stack(int64_t bytes) {
  volatile char *lowest = __builtin_alloca((size_t)bytes);
  lowest[0] = 1;
  return lowest[0];
}

int64_t probe_resident_below(uintptr_t address, int64_t bytes) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), end = address / page * page;
  int64_t resident = 0;
  for (uintptr_t at = end - (uintptr_t)bytes / page * page; at < end; at += page) {
#if defined(__APPLE__)
    char is_there = 0;
#else
    unsigned char is_there = 0;
#endif
    if (mincore((void *)at, page, &is_there) == 0 && (is_there & 1) != 0) resident += (int64_t)page;
  }
  return resident;
}

int64_t probe_malloc_bytes(void) {
#if defined(__GLIBC__)
  struct mallinfo2 now = mallinfo2();
  return (int64_t)(now.uordblks + now.hblkhd);
#else
  return -1;
#endif
}

void probe_round_upwards(void) { fesetround(FE_UPWARD); }
bool probe_rounds_upwards(void) { return fegetround() == FE_UPWARD; }

static volatile sig_atomic_t counted;

static void count(int signal) {
  (void)signal;
  counted += 1;
  static const char line[] = "counted\n";
  (void)!write(2, line, sizeof line - 1);
  _exit(40 + counted);
}

void probe_install_counter(int32_t number) { signal(number, count); }
int32_t probe_counted(void) { return counted; }

static void crash_in_handler(int number) {
  (void)number;
  __builtin_trap();
}

void probe_crash_in_handler(int32_t number, int32_t blocked) {
  struct sigaction action = {.sa_handler = crash_in_handler};
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, blocked);
  sigaction(number, &action, NULL);
  raise(number);
}

void probe_block(int32_t number) {
  sigset_t set;
  sigemptyset(&set);
  if (number != 0) sigaddset(&set, number);
  pthread_sigmask(number == 0 ? SIG_SETMASK : SIG_BLOCK, &set, NULL);
}

bool probe_is_blocked(int32_t number) {
  sigset_t set;
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  return sigismember(&set, number) == 1;
}

int32_t probe_fork(void) { return fork(); }

int32_t probe_wait(int32_t child) {
  int status = -1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

void probe_execute(const char *path) {
  execl(path, path, (char *)NULL);
  _exit(127);
}

void probe_write_byte(int32_t descriptor) { (void)!write(descriptor, "x", 1); }
