// SPDX-License-Identifier: Apache-2.0
//
// Waiting for many descriptors at once: epoll where there is one, else kqueue. Each interest ends with its event.
#include "CJoist.h"

#include <errno.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/eventfd.h>

bool joist_poll_open(struct joist_poll *poll) {
  poll->queue = epoll_create1(EPOLL_CLOEXEC);
  poll->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = poll->bell};
  bool isOpen = poll->queue >= 0 && poll->bell >= 0;
  if (isOpen && epoll_ctl(poll->queue, EPOLL_CTL_ADD, poll->bell, &event) == 0) return true;
  joist_poll_close(poll);
  return false;
}

static int outcome(int result) {
  if (result == 0) return 0;
  return errno == EPERM ? joist_poll_always_ready : errno == EBADF ? joist_poll_not_open : errno;
}

int joist_poll_set(const struct joist_poll *poll, int descriptor, bool reads, bool writes) {
  struct epoll_event event = {.data.fd = descriptor};
  event.events = EPOLLONESHOT | (reads ? EPOLLIN | EPOLLRDHUP : 0) | (writes ? EPOLLOUT : 0);
  if (!reads && !writes) return outcome(epoll_ctl(poll->queue, EPOLL_CTL_DEL, descriptor, &event));
  int result = epoll_ctl(poll->queue, EPOLL_CTL_MOD, descriptor, &event);
  if (result != 0 && errno == ENOENT) result = epoll_ctl(poll->queue, EPOLL_CTL_ADD, descriptor, &event);
  return outcome(result);
}

int joist_poll_wait(const struct joist_poll *poll, struct joist_ready *ready, int most, int milliseconds) {
  struct epoll_event events[64];
  int count = epoll_wait(poll->queue, events, most < 64 ? most : 64, milliseconds < 0 ? -1 : milliseconds);
  for (int i = 0; i < count; i++) {
    uint32_t ends = EPOLLHUP | EPOLLERR;
    ready[i].descriptor = events[i].data.fd == poll->bell ? -1 : events[i].data.fd;
    ready[i].reads = events[i].events & (EPOLLIN | EPOLLRDHUP | ends);
    ready[i].writes = events[i].events & (EPOLLOUT | ends);
  }
  return count < 0 ? 0 : count;
}

void joist_poll_ring(const struct joist_poll *poll) { eventfd_write(poll->bell, 1); }

#else
#include <sys/event.h>

bool joist_poll_open(struct joist_poll *poll) {
  poll->bell = -1;
  poll->queue = kqueue();
  struct kevent bell;
  EV_SET(&bell, 0, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, NULL);
  if (poll->queue >= 0 && kevent(poll->queue, &bell, 1, NULL, 0, NULL) == 0) return true;
  joist_poll_close(poll);
  return false;
}

static int set_filter(int queue, int descriptor, int filter, bool wanted) {
  struct kevent change;
  EV_SET(&change, descriptor, filter, wanted ? EV_ADD | EV_ONESHOT : EV_DELETE, 0, 0, NULL);
  if (kevent(queue, &change, 1, NULL, 0, NULL) == 0 || (!wanted && errno == ENOENT)) return 0;
  return errno == EBADF ? joist_poll_not_open : errno;
}

int joist_poll_set(const struct joist_poll *poll, int descriptor, bool reads, bool writes) {
  int error = set_filter(poll->queue, descriptor, EVFILT_READ, reads);
  return error ? error : set_filter(poll->queue, descriptor, EVFILT_WRITE, writes);
}

int joist_poll_wait(const struct joist_poll *poll, struct joist_ready *ready, int most, int milliseconds) {
  struct kevent events[64];
  struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
  int count = kevent(poll->queue, NULL, 0, events, most < 64 ? most : 64, milliseconds < 0 ? NULL : &time);
  for (int i = 0; i < count; i++) {
    ready[i].descriptor = events[i].filter == EVFILT_USER ? -1 : (int)events[i].ident;
    ready[i].reads = events[i].filter == EVFILT_READ;
    ready[i].writes = events[i].filter == EVFILT_WRITE;
  }
  return count < 0 ? 0 : count;
}

void joist_poll_ring(const struct joist_poll *poll) {
  struct kevent bell;
  EV_SET(&bell, 0, EVFILT_USER, 0, NOTE_TRIGGER, 0, NULL);
  kevent(poll->queue, &bell, 1, NULL, 0, NULL);
}

#endif

void joist_poll_close(struct joist_poll *poll) {
  if (poll->queue >= 0) close(poll->queue);
  if (poll->bell >= 0) close(poll->bell);
  poll->queue = poll->bell = -1;
}
