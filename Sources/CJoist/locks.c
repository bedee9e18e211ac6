// SPDX-License-Identifier: Apache-2.0
//
// Finds which locks the frames of a fault hold that would never be released once these frames are abandoned (W22).
// Rules:
// W25. A callback that runs under a lock is recognized by its return address, which is found once at the start. This
//      covers `swift_once`, `pthread_once`, `dispatch_once` and `dl_iterate_phdr`. Any frame of the dynamic loader
//      counts too, because the loader runs the initializers of what it loads.
// W31. A frame of the running stack holds a Dispatch queue if one of the words that change in `dispatch_sync` points
//      into this stack: Dispatch notes in the frame of that call which queue the thread is on. So a held queue is
//      recognized however `sync` is called, and a function that merely calls back, like those of `DispatchData`, is not
//      taken for one.
// W32. When the frames that these words (W31) point to are abandoned, the words get back the values that they had
//      outside every queue. A thread that held a queue never ends: Dispatch identifies the holder of a queue by the
//      number of its thread, which another thread would get.
// W45. Swift's runtime makes a type, a witness table, or its record of a conformance under a lock, or while every other
//      thread that needs the same waits for it. It dies there only from a lack of memory. So a fault in the runtime's
//      code, further in than the program's innermost frame, holds a lock if one of its frames belongs to these
//      functions, which lie side by side in the runtime. They also run code of the program, such as the `deinit` of a
//      tuple's element; a crash of such code holds no lock.
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

// The return addresses of callbacks (W25); zero where the library is missing.
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

bool joist_is_under_lock(uintptr_t frame) {
  return frame == once_swift || frame == once_system || frame == once_dispatch || frame == in_iteration ||
         joist_is_in_loader(frame);
}

#pragma mark - Types

WEAK(swift_allocateMetadataPack)
WEAK(swift_getGenericMetadata)
WEAK(swift_conformsToProtocol)
WEAK(swift_conformsToProtocolCommon)
WEAK(swift_conformsToProtocolWithExecutionContext)

// The address range of the functions that make types (W45); empty where Swift's runtime is linked into the program, or
// has another layout.
static uintptr_t types_low, types_bytes;

static void learn_types(void) {
  enum { function_bytes = 256, max_bytes = 1 << 20 };
  const uintptr_t functions[] = {
    (uintptr_t)FIND(swift_allocateMetadataPack),
    (uintptr_t)FIND(swift_getGenericMetadata),
    (uintptr_t)FIND(swift_conformsToProtocol),
    (uintptr_t)FIND(swift_conformsToProtocolCommon),
    (uintptr_t)FIND(swift_conformsToProtocolWithExecutionContext),
  };
  uintptr_t low = UINTPTR_MAX, high = 0;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    if (functions[i] == 0) continue;
    if (functions[i] < low) low = functions[i];
    if (functions[i] > high) high = functions[i];
  }
  if (high == 0 || high - low > max_bytes || joist_code_of(low) != joist_code_swift) return;
  types_low = low;
  types_bytes = high - low + function_bytes;
}

bool joist_makes_type(const struct joist_fault *fault) {
  for (int i = 0; i < fault->frame_count && joist_code_of(fault->frames[i]) != joist_code_program; i++)
    if (fault->frames[i] - types_low < types_bytes) return true;
  return false;
}

#pragma mark - Learning

void joist_locks_learn(void) {
  static intptr_t swift_token, dispatch_token;
  static pthread_once_t system_token = PTHREAD_ONCE_INIT;
  once_of_swift *swift = FIND(swift_once);
  once_of_dispatch *dispatch = FIND(dispatch_once_f);
  if (swift != NULL) swift(&swift_token, in_swift, NULL);
  if (dispatch != NULL) dispatch(&dispatch_token, NULL, in_dispatch);
  pthread_once(&system_token, in_system);
  learn_iteration();
  learn_types();
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

#pragma mark - Threads that hold a queue

static _Thread_local bool is_kept;

__attribute__((noinline)) void joist_thread_keep(void) { is_kept = true; }

__attribute__((noinline)) bool joist_thread_is_kept(void) { return is_kept; }

_Noreturn void joist_thread_rest(void) {
  for (;;) pause();
}
