// SPDX-License-Identifier: Apache-2.0
//
// What code on a process's stack may do to the thread that it only borrows: found where it can be found. Rules:
// W43. A thread of the runtime's ends by returning. One that ends otherwise, by `pthread_exit` or a cancellation, takes
//      its scheduler with it; the destructor of a key of the thread's own is what still runs then.
// W44. Dispatch knows which queue a thread is on. A thread of the runtime's is on none of its own accord, so another
//      answer than at its start means that it is inside `sync`.
#include "CJoist.h"
#include "find.h"

#include <pthread.h>

#pragma mark - Ends

static pthread_key_t end_key;
static bool has_end_key;

static void on_end(void *ended) { ((void (*)(void))ended)(); }

static void make_end_key(void) { has_end_key = pthread_key_create(&end_key, on_end) == 0; }

void joist_thread_watch_end(void (*ended)(void)) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_end_key);
  if (has_end_key) pthread_setspecific(end_key, (const void *)ended);
}

#pragma mark - Queues

typedef void *get_queue(void);

WEAK(dispatch_get_current_queue)

static get_queue *current_queue;
static _Thread_local void *queue_at_start;

static void find_current_queue(void) { current_queue = FIND(dispatch_get_current_queue); }

// Not inlined, for they read a thread-local (W7).
__attribute__((noinline)) void joist_thread_note_queue(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find_current_queue);
  if (current_queue != NULL) queue_at_start = current_queue();
}

__attribute__((noinline)) bool joist_thread_is_on_queue(void) {
  return current_queue != NULL && current_queue() != queue_at_start;
}
