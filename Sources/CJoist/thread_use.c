// SPDX-License-Identifier: Apache-2.0
//
// Tells how much processor time another thread of this program has used, and whether it is blocked. With these the
// watchdog distinguishes a thread that the system has not run from one that is stuck.
#define _GNU_SOURCE
#include "CJoist.h"

#if defined(__linux__)
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int64_t joist_thread_number(void) { return syscall(SYS_gettid); }

int64_t joist_thread_busy(int64_t number) {
  // The clock number that `pthread_getcpuclockid` derives from a thread's number: a per-thread clock (4) of processor
  // time (2).
  clockid_t clock = (clockid_t)((~(uint32_t)number << 3) | 6);
  struct timespec time;
  return clock_gettime(clock, &time) == 0 ? (int64_t)time.tv_sec * 1000000000 + time.tv_nsec : -1;
}

bool joist_thread_is_blocked(int64_t number) {
  char text[256];
  snprintf(text, sizeof text, "/proc/self/task/%lld/stat", (long long)number);
  int file = open(text, O_RDONLY | O_CLOEXEC);
  if (file < 0) return true;
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  if (count <= 0) return true;
  text[count] = 0;
  // The state follows the name, which is in parentheses and may contain some itself: the last one closes it.
  const char *end = strrchr(text, ')');
  return end == NULL || end[1] != ' ' || end[2] != 'R';
}

#else
#include <mach/mach.h>
#include <pthread.h>

int64_t joist_thread_number(void) { return pthread_mach_thread_np(pthread_self()); }

static bool know(int64_t number, thread_basic_info_data_t *info) {
  mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;
  return thread_info((thread_act_t)number, THREAD_BASIC_INFO, (thread_info_t)info, &count) == KERN_SUCCESS;
}

int64_t joist_thread_busy(int64_t number) {
  thread_basic_info_data_t info;
  if (!know(number, &info)) return -1;
  return ((int64_t)info.user_time.seconds + info.system_time.seconds) * 1000000000 +
         ((int64_t)info.user_time.microseconds + info.system_time.microseconds) * 1000;
}

bool joist_thread_is_blocked(int64_t number) {
  thread_basic_info_data_t info;
  return !know(number, &info) || info.run_state != TH_STATE_RUNNING;
}
#endif
