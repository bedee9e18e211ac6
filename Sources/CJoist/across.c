// SPDX-License-Identifier: Apache-2.0
//
// Detects what code on a process's stack did to the thread that it only borrows, as far as that can be detected. Rules:
// W43. A thread of the runtime ends by returning. If it ends in another way, by `pthread_exit` or a cancellation, its
//      scheduler ends with it. The destructor of a thread-specific key still runs then, and reports it.
// W44. Dispatch knows which queue a thread is on. A thread of the runtime is on no queue unless code on it calls
//      `sync`. So an answer that differs from the one at the thread's start means that the thread is inside `sync`.
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

// These two functions are not inlined, because they access a thread-local (W7).
__attribute__((noinline)) void joist_thread_note_queue(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find_current_queue);
  if (current_queue != NULL) queue_at_start = current_queue();
}

__attribute__((noinline)) bool joist_thread_is_on_queue(void) {
  return current_queue != NULL && current_queue() != queue_at_start;
}
