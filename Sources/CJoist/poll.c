// SPDX-License-Identifier: Apache-2.0
//
// Polls many descriptors at once, with epoll on Linux and kqueue elsewhere. Each interest ends with its event. Rule:
// W36. The program may close any descriptor (`closefrom`), and its number may then be given to another file. So the
//      queue and the bell are checked each time before they are used, and a descriptor that no longer belongs to the
//      poll is left alone.
#define _GNU_SOURCE
#include "CJoist.h"

#include <errno.h>
#include <unistd.h>

// Returns the result of `joist_poll_open` for an error of the system.
static int refusal(int error) { return error == EMFILE || error == ENFILE ? joist_poll_none_left : error; }

#if defined(__linux__)
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>

// Whether a descriptor is an end of the bell's pipe. Every pipe has an inode number of its own; an eventfd has none,
// which is why the bell is a pipe.
static bool is_bell(const struct joist_poll *poll, int descriptor) {
  struct stat found;
  return descriptor >= 0 && fstat(descriptor, &found) == 0 && S_ISFIFO(found.st_mode) &&
         found.st_ino == poll->pipe_number && found.st_dev == poll->pipe_device;
}

static void bell_event(const struct joist_poll *poll, struct epoll_event *event) {
  event->events = EPOLLIN;
  event->data.fd = poll->bell;
}

// Modifying the interest in the bell changes nothing in the poll's own queue. It fails in every other queue, because no
// other queue contains this pipe (W36).
bool joist_poll_is_own(const struct joist_poll *poll) {
  struct epoll_event event;
  bell_event(poll, &event);
  return is_bell(poll, poll->bell) && epoll_ctl(poll->queue, EPOLL_CTL_MOD, poll->bell, &event) == 0;
}

int joist_poll_open(struct joist_poll *poll) {
  int ends[2] = {-1, -1};
  struct stat pipe;
  struct epoll_event event;
  poll->queue = epoll_create1(EPOLL_CLOEXEC);
  bool is_open = poll->queue >= 0 && pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0;
  poll->bell = ends[0];
  poll->ringer = ends[1];
  if (is_open && fstat(poll->bell, &pipe) == 0) {
    poll->pipe_number = pipe.st_ino;
    poll->pipe_device = pipe.st_dev;
    bell_event(poll, &event);
    if (epoll_ctl(poll->queue, EPOLL_CTL_ADD, poll->bell, &event) == 0) return 0;
  }
  int error = errno;
  const int opened[] = {poll->queue, poll->bell, poll->ringer};
  for (int i = 0; i < 3; i++) {
    if (opened[i] >= 0) close(opened[i]);
  }
  poll->queue = poll->bell = poll->ringer = -1;
  return refusal(error);
}

// Returns the result of `joist_poll_set` for a result of `epoll_ctl`.
static int outcome(int result) {
  if (result == 0) return 0;
  return errno == EPERM ? joist_poll_always_ready : errno == EBADF ? joist_poll_not_open : errno;
}

int joist_poll_set(const struct joist_poll *poll, int descriptor, bool reads, bool writes) {
  if (!joist_poll_is_own(poll)) return joist_poll_lost;
  struct epoll_event event = {.data.fd = descriptor};
  event.events = EPOLLONESHOT | (reads ? EPOLLIN | EPOLLRDHUP : 0) | (writes ? EPOLLOUT : 0);
  if (!reads && !writes) return outcome(epoll_ctl(poll->queue, EPOLL_CTL_DEL, descriptor, &event));
  int result = epoll_ctl(poll->queue, EPOLL_CTL_MOD, descriptor, &event);
  if (result != 0 && errno == ENOENT) result = epoll_ctl(poll->queue, EPOLL_CTL_ADD, descriptor, &event);
  return outcome(result);
}

int joist_poll_wait(const struct joist_poll *poll, struct joist_ready *ready, int max_count, int milliseconds) {
  if (!joist_poll_is_own(poll)) return joist_poll_lost;
  struct epoll_event events[64];
  int count = epoll_wait(poll->queue, events, max_count < 64 ? max_count : 64, milliseconds);
  for (int i = 0; i < count; i++) {
    uint32_t ends = EPOLLHUP | EPOLLERR;
    ready[i].descriptor = events[i].data.fd == poll->bell ? -1 : events[i].data.fd;
    ready[i].reads = events[i].events & (EPOLLIN | EPOLLRDHUP | ends);
    ready[i].writes = events[i].events & (EPOLLOUT | ends);
  }
  return count < 0 ? 0 : count;
}

bool joist_poll_ring(const struct joist_poll *poll) {
  return joist_poll_is_own(poll) && is_bell(poll, poll->ringer) && write(poll->ringer, "", 1) == 1;
}

void joist_poll_close(struct joist_poll *poll) {
  if (joist_poll_is_own(poll)) close(poll->queue);
  if (is_bell(poll, poll->ringer)) close(poll->ringer);
  if (is_bell(poll, poll->bell)) close(poll->bell);
  poll->queue = poll->bell = poll->ringer = -1;
}

#else
#include <sys/event.h>

// An event for the bell that changes nothing (NOTE_FFNOP) fails in every queue that does not contain this bell (W36).
bool joist_poll_is_own(const struct joist_poll *poll) {
  struct kevent bell;
  EV_SET(&bell, (uintptr_t)poll->pipe_number, EVFILT_USER, 0, NOTE_FFNOP, 0, NULL);
  return poll->queue >= 0 && kevent(poll->queue, &bell, 1, NULL, 0, NULL) == 0;
}

int joist_poll_open(struct joist_poll *poll) {
  static uint64_t last_number;
  poll->bell = poll->ringer = -1;
  poll->pipe_number = ((uint64_t)getpid() << 32) + __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
  poll->pipe_device = 0;
  poll->queue = kqueue();
  struct kevent bell;
  EV_SET(&bell, (uintptr_t)poll->pipe_number, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, NULL);
  if (poll->queue >= 0 && kevent(poll->queue, &bell, 1, NULL, 0, NULL) == 0) return 0;
  int error = errno;
  if (poll->queue >= 0) close(poll->queue);
  poll->queue = -1;
  return refusal(error);
}

static int set_filter(int queue, int descriptor, int filter, bool is_set) {
  struct kevent change;
  EV_SET(&change, descriptor, filter, is_set ? EV_ADD | EV_ONESHOT : EV_DELETE, 0, 0, NULL);
  if (kevent(queue, &change, 1, NULL, 0, NULL) == 0 || (!is_set && errno == ENOENT)) return 0;
  return errno == EBADF ? joist_poll_not_open : errno;
}

int joist_poll_set(const struct joist_poll *poll, int descriptor, bool reads, bool writes) {
  if (!joist_poll_is_own(poll)) return joist_poll_lost;
  int error = set_filter(poll->queue, descriptor, EVFILT_READ, reads);
  return error ? error : set_filter(poll->queue, descriptor, EVFILT_WRITE, writes);
}

int joist_poll_wait(const struct joist_poll *poll, struct joist_ready *ready, int max_count, int milliseconds) {
  if (!joist_poll_is_own(poll)) return joist_poll_lost;
  struct kevent events[64];
  struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
  int count = kevent(poll->queue, NULL, 0, events, max_count < 64 ? max_count : 64, &limit);
  for (int i = 0; i < count; i++) {
    ready[i].descriptor = events[i].filter == EVFILT_USER ? -1 : (int)events[i].ident;
    ready[i].reads = events[i].filter == EVFILT_READ;
    ready[i].writes = events[i].filter == EVFILT_WRITE;
  }
  return count < 0 ? 0 : count;
}

bool joist_poll_ring(const struct joist_poll *poll) {
  struct kevent bell;
  EV_SET(&bell, (uintptr_t)poll->pipe_number, EVFILT_USER, 0, NOTE_TRIGGER, 0, NULL);
  return poll->queue >= 0 && kevent(poll->queue, &bell, 1, NULL, 0, NULL) == 0;
}

void joist_poll_close(struct joist_poll *poll) {
  if (joist_poll_is_own(poll)) close(poll->queue);
  poll->queue = -1;
}

#endif
