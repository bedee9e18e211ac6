// SPDX-License-Identifier: Apache-2.0
//
// Which locks the frames of a fault hold: those that nobody would ever let go of (W22). Rules:
// W25. A callback that runs under a lock is known by the address to which it returns, which is found once at the start:
//      `swift_once`, `pthread_once`, `dispatch_once` and `dl_iterate_phdr`, and any frame of the dynamic loader, which
//      runs initialisers of what it loads.
// W31. A queue of Dispatch's is held where one of the words that change in `dispatch_sync` leads into the stack that
//      runs: Dispatch notes there, in the frame of the call, which queue the thread is on. So it is known for every way
//      of calling it, and not for what merely calls back, as `DispatchData` does.
// W32. The words of W31 are put back as they were outside of every queue, when the frames that they lead to are left.
//      A thread that held a queue never ends: Dispatch knows a queue's holder by the number of its thread, which
//      another thread would get.
#define _GNU_SOURCE
#include "fault.h"
#include "find.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(__ELF__)
#include <link.h>
#endif

#pragma mark - Callbacks

// Return addresses of callbacks (W25); zero where there is no such library.
static uintptr_t once_swift, once_system, once_dispatch, in_iteration;

#define RETURN_ADDRESS joist_plain((uintptr_t)__builtin_extract_return_addr(__builtin_return_address(0)))

__attribute__((noinline)) static void in_swift(void *context) { (void)context, once_swift = RETURN_ADDRESS; }
__attribute__((noinline)) static void in_system(void) { once_system = RETURN_ADDRESS; }
__attribute__((noinline)) static void in_dispatch(void *context) { (void)context, once_dispatch = RETURN_ADDRESS; }

typedef void once_of_swift(intptr_t *token, void run(void *), void *context);
typedef void once_of_dispatch(intptr_t *token, void *context, void run(void *));

WEAK(swift_once)
WEAK(dispatch_once_f)

#if defined(__ELF__)
__attribute__((noinline)) static int in_modules(struct dl_phdr_info *info, size_t size, void *context) {
  (void)info, (void)size, (void)context;
  in_iteration = RETURN_ADDRESS;
  return 1;
}

static void learn_iteration(void) { dl_iterate_phdr(in_modules, NULL); }
#else
static void learn_iteration(void) {}
#endif

void joist_locks_learn(void) {
  static intptr_t swift_token, dispatch_token;
  static pthread_once_t system_token = PTHREAD_ONCE_INIT;
  once_of_swift *swift = FIND(swift_once);
  once_of_dispatch *dispatch = FIND(dispatch_once_f);
  if (swift != NULL) swift(&swift_token, in_swift, NULL);
  if (dispatch != NULL) dispatch(&dispatch_token, NULL, in_dispatch);
  pthread_once(&system_token, in_system);
  learn_iteration();
}

bool joist_is_under_lock(uintptr_t frame) {
  return frame == once_swift || frame == once_system || frame == once_dispatch || frame == in_iteration ||
         joist_is_in_loader(frame);
}

#pragma mark - Queues

static bool leads_into(uintptr_t word, uintptr_t low, uintptr_t top) { return word >= low && word < top; }

bool joist_holds_queue(const struct joist_words *words, uintptr_t low, uintptr_t top) {
  if (words == NULL) return false;
  for (int i = 0; i < words->queue_words; i++)
    if (leads_into(*words->queue[i], low, top)) return true;
  return false;
}

void joist_leave_queues(const struct joist_words *words, uintptr_t low, uintptr_t top) {
  if (!joist_holds_queue(words, low, top)) return;
  for (int i = 0; i < words->queue_words; i++) *words->queue[i] = words->outside_queue[i];
}

#pragma mark - Threads that hold one

static _Thread_local bool is_kept;

void joist_thread_keep(void) { is_kept = true; }

bool joist_thread_is_kept(void) { return is_kept; }

_Noreturn void joist_thread_rest(void) {
  for (;;) pause();
}
