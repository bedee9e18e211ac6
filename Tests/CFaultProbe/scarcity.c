// SPDX-License-Identifier: Apache-2.0
//
// Makes the system refuse what it granted before, and checks that descriptors of the program stay untouched.
#define _GNU_SOURCE
#include "CFaultProbe.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

bool probe_forbid_heavy_fence(int32_t error) {
  struct sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof instructions / sizeof *instructions, instructions};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

#else

bool probe_forbid_heavy_fence(int32_t error) { return (void)error, false; }

#endif

static const char *awaited;

static void is_late(int signal) {
  (void)signal;
  (void)!write(2, awaited, strlen(awaited));
  (void)!write(2, "\n", 1);
  _exit(99);
}

void probe_end_after(uint32_t seconds, const char *what) {
  awaited = strdup(what);
  signal(SIGALRM, is_late);
  alarm(seconds);
}

#if defined(__linux__)
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

bool probe_limit_addresses(int64_t bytes) {
  struct rlimit limits = {(rlim_t)bytes, RLIM_INFINITY};
  return setrlimit(RLIMIT_AS, &limits) == 0;
}

bool probe_limit_data(int64_t bytes) {
  struct rlimit limits = {(rlim_t)bytes, RLIM_INFINITY};
  return setrlimit(RLIMIT_DATA, &limits) == 0;
}

bool probe_limit_threads(int32_t user) {
  struct rlimit limits = {1, 1};
  return (getuid() != 0 || setuid((uid_t)user) == 0) && setrlimit(RLIMIT_NPROC, &limits) == 0;
}

enum { other_count = 4 };
static struct {
  int queue, bell, pipe[2];
} others[other_count];

bool probe_open_others(void) {
  bool is_done = true;
  for (int i = 0; i < other_count; i++) {
    others[i].queue = epoll_create1(EPOLL_CLOEXEC);
    others[i].bell = eventfd(0, EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 77};
    is_done &= epoll_ctl(others[i].queue, EPOLL_CTL_ADD, others[i].bell, &event) == 0;
    is_done &= pipe2(others[i].pipe, O_NONBLOCK) == 0;
  }
  return is_done;
}

bool probe_others_are_untouched(void) {
  bool are = true;
  for (int i = 0; i < other_count; i++) {
    eventfd_t value;
    char byte;
    are &= eventfd_read(others[i].bell, &value) != 0 && errno == EAGAIN;
    are &= read(others[i].pipe[0], &byte, 1) < 0 && errno == EAGAIN && write(others[i].pipe[1], "", 1) == 1;
    eventfd_write(others[i].bell, 1);
    struct epoll_event event;
    are &= epoll_wait(others[i].queue, &event, 1, 0) == 1 && event.data.u64 == 77;
  }
  return are;
}

#else

bool probe_limit_addresses(int64_t bytes) { return (void)bytes, false; }
bool probe_limit_data(int64_t bytes) { return (void)bytes, false; }
bool probe_limit_threads(int32_t user) { return (void)user, false; }
bool probe_open_others(void) { return false; }
bool probe_others_are_untouched(void) { return false; }

#endif
