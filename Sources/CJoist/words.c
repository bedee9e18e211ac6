// SPDX-License-Identifier: Apache-2.0
//
// Finds the words that Swift's runtime and C++'s runtime keep per OS thread for the code that runs on it, and saves and
// restores them when processes leave and resume (the slow paths; the fast ones are inline in the header).
//
// No offset into a library's thread-local block is assumed. A word is found by its behavior: it is the only word that
// changes while an access is open (or a value is bound, or tracking runs) and changes back afterwards. If the number of
// such words is not one, exported functions save the state instead. Words are found on a thread that runs no Task,
// because a Task has task-local values of its own. All threads that share processes find words in the same way.
//
// Swift's current task and its executor's record are found without a task: each is the one empty word that makes the
// exported function that reads it return the value stored there. The record lies in a frame. A task always runs with a
// record, so the record alone tells whether either word must be saved.
//
// The saved state of a process is rewritten completely whenever the process leaves, so that what it has closed by then
// does not return. The block is freed when nothing is open.
//
// Where exported functions save the accesses, each process has its own two words for `enter` and `exit`, which are zero
// at first. `enter` is the last call before the switch to the process, and `exit` the first after the switch from it.
// In between the words belong to Swift's runtime. Rules:
// W16. No function of Swift's runtime is linked strongly, so that a program without Concurrency links.
// W49. A process that runs a Swift task does not leave its thread. The functions of Swift's runtime that run a task
//      keep the address of the thread's word for the executor's record, and write it at their end: on another thread,
//      they would write a word of the first one.
#define _GNU_SOURCE
#include "CJoist.h"
#include "find.h"
#include "sanitizer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#if defined(__ELF__)
#include <link.h>
#endif

#pragma mark - The runtime's functions

#define SWIFT __attribute__((swiftcall))

typedef void begin_access(void *pointer, void *buffer, uintptr_t flags, void *counter);
typedef void end_access(void *buffer);
typedef void change_context(uintptr_t *state);
typedef SWIFT void local_push(const void *key, void *value, const void *type);
typedef SWIFT void *local_get(const void *key);
typedef SWIFT void local_pop(void);
typedef SWIFT void apply(__attribute__((swift_indirect_result)) void *result, __attribute__((swift_context)) void *);
typedef SWIFT void with_tracking(__attribute__((swift_indirect_result)) void *result, apply *run, void *run_context,
                                 apply *change, void *change_context, const void *type);
typedef uintptr_t *get_globals(void);
typedef SWIFT uintptr_t get_task(void);
typedef SWIFT struct joist_executor get_executor(void);
typedef void *queue_make(const char *label, void *attributes);
typedef void queue_sync(void *queue, void *context, void run(void *));
typedef void queue_release(void *queue);

WEAK(swift_beginAccess)
WEAK(swift_endAccess)
WEAK(swift_task_enterThreadLocalContext)
WEAK(swift_task_exitThreadLocalContext)
WEAK(swift_task_localValuePush)
WEAK(swift_task_localValueGet)
WEAK(swift_task_localValuePop)
WEAK($s11Observation04withA8Tracking_8onChangexxyXE_yyYbcyXKtlF)
WEAK($sSiN)
WEAK(__cxa_get_globals)
WEAK(swift_task_getCurrent)
WEAK(swift_task_getCurrentExecutor)
WEAK(dispatch_queue_create)
WEAK(dispatch_sync_f)
WEAK(dispatch_release)

static struct {
  begin_access *begin;
  end_access *end;
  change_context *enter, *exit;
  local_push *push;
  local_get *get;
  local_pop *pop;
  with_tracking *track;  // withObservationTracking(_:onChange:)
  const void *int_type;  // the metadata of Int
  get_globals *globals;
  get_task *task;
  get_executor *executor;
  queue_make *make_queue;
  queue_sync *sync;
  queue_release *release_queue;
} runtime;

static void find_runtime(void) {
  runtime.begin = FIND(swift_beginAccess);
  runtime.end = FIND(swift_endAccess);
  runtime.enter = FIND(swift_task_enterThreadLocalContext);
  runtime.exit = FIND(swift_task_exitThreadLocalContext);
  runtime.push = FIND(swift_task_localValuePush);
  runtime.get = FIND(swift_task_localValueGet);
  runtime.pop = FIND(swift_task_localValuePop);
  runtime.track = FIND($s11Observation04withA8Tracking_8onChangexxyXE_yyYbcyXKtlF);
  runtime.int_type = FIND($sSiN);
  runtime.globals = FIND(__cxa_get_globals);
  runtime.task = FIND(swift_task_getCurrent);
  runtime.executor = FIND(swift_task_getCurrentExecutor);
  runtime.make_queue = FIND(dispatch_queue_create);
  runtime.sync = FIND(dispatch_sync_f);
  runtime.release_queue = FIND(dispatch_release);
}

#pragma mark - Finding a word by its behavior

// One search through a thread-local block: its contents outside and inside the probed operation.
struct search {
  uintptr_t *words;
  size_t count;
  uintptr_t *outside, *inside;
  uintptr_t expected;  // the value of the word inside; 0 if any value will do, and the word is zero outside
};

// Copies the block. Called inside the probed operation.
static void copy_inside(struct search *search) {
  if (search->count != 0) memcpy(search->inside, search->words, search->count * sizeof(uintptr_t));
}

#if defined(__ELF__)

struct module {
  uintptr_t address;
  char *block;
  size_t bytes;
};

// Finds the module that contains the address, and the calling thread's thread-local block of that module.
static int find_module(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  struct module *module = context;
  bool contains = false;
  size_t bytes = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type == PT_LOAD) contains |= module->address - (info->dlpi_addr + header->p_vaddr) < header->p_memsz;
    if (header->p_type == PT_TLS) bytes = header->p_memsz;
  }
  if (!contains) return 0;
  module->block = info->dlpi_tls_data;
  module->bytes = module->block != NULL ? bytes : 0;
  return 1;
}

// Finds the thread-local block of the module that contains `symbol`, in whole words.
static void find_block(struct search *search, void *symbol) {
  struct module module = {.address = (uintptr_t)symbol};
  dl_iterate_phdr(find_module, &module);
  size_t skipped = -(uintptr_t)module.block % sizeof(uintptr_t);
  if (module.bytes <= skipped) return;
  search->words = (uintptr_t *)(module.block + skipped);
  search->count = (module.bytes - skipped) / sizeof(uintptr_t);
}

#else

// Elsewhere Swift keeps its words in thread-specific keys, which no loader lists, so exported functions save them.
static void find_block(struct search *search, void *symbol) {
  (void)search;
  (void)symbol;
}

#endif

// Finds the words, in the block of the module that contains `symbol`, that change inside the operation `act` and change
// back. Stores at most `capacity` of them and returns how many there are. The first call of `act` makes the runtime
// allocate the block, which happens on first use.
static int find_words(void *symbol, void act(struct search *), uintptr_t **found, int capacity, bool may_be_set) {
  struct search search = {0};
  act(&search);
  find_block(&search, symbol);
  if (search.count == 0) return 0;
  search.outside = calloc(search.count * 2, sizeof(uintptr_t));
  if (search.outside == NULL) return 0;
  search.inside = search.outside + search.count;
  memcpy(search.outside, search.words, search.count * sizeof(uintptr_t));
  act(&search);

  int fitting = 0;
  for (size_t i = 0; i < search.count; i++) {
    uintptr_t outside = search.outside[i], inside = search.inside[i];
    if (inside == outside || search.words[i] != outside) continue;
    if (search.expected != 0 ? inside != search.expected : outside != 0 && !may_be_set) continue;
    if (fitting < capacity) found[fitting] = &search.words[i];
    fitting++;
  }
  free(search.outside);
  return fitting;
}

// Returns the only such word; null if there is not exactly one.
static uintptr_t *find_word(void *symbol, void act(struct search *)) {
  uintptr_t *found;
  return find_words(symbol, act, &found, 1, false) == 1 ? found : NULL;
}

// Opens a tracked access to a local variable. Its node becomes the head of the list.
static void act_access(struct search *search) {
  enum { read_and_track = 0x20 };
  uintptr_t variable, node[3];
  search->expected = (uintptr_t)node;
  runtime.begin(&variable, node, read_and_track, NULL);
  copy_inside(search);
  runtime.end(node);
}

// The key of a task-local value: its address differs from every other key's.
static char key;

static void act_local(struct search *search) {
  uintptr_t value = 0;
  runtime.push(&key, &value, runtime.int_type);
  copy_inside(search);
  runtime.pop();
}

static SWIFT void track(__attribute__((swift_indirect_result)) void *result,
                        __attribute__((swift_context)) void *search) {
  *(uintptr_t *)result = 0;
  copy_inside(search);
}

static SWIFT void changed(__attribute__((swift_indirect_result)) void *result,
                          __attribute__((swift_context)) void *context) {
  (void)result;
  (void)context;
  abort();
}

// Tracks no property, so that `changed` is never called.
static void act_observation(struct search *search) {
  uintptr_t result;
  runtime.track(&result, track, search, changed, NULL, runtime.int_type);
}

// Finds the only empty word, in the block of the module that contains `symbol`, with which `is_read` returns true while
// the word holds `value`.
static uintptr_t *find_read_word(void *symbol, bool is_read(const uintptr_t *value)) {
  static const uintptr_t value[8] = {0x4a6f6973, 0x7457};
  struct search search = {0};
  if (is_read(value)) return NULL;  // this call also makes the runtime allocate the block
  find_block(&search, symbol);
  uintptr_t *found = NULL;
  for (size_t i = 0; i < search.count; i++) {
    uintptr_t *word = &search.words[i];
    if (*word != 0) continue;
    *(volatile uintptr_t *)word = (uintptr_t)value;
    bool fits = is_read(value);
    *(volatile uintptr_t *)word = 0;
    if (fits && found != NULL) return NULL;
    if (fits) found = word;
  }
  return found;
}

static bool is_task(const uintptr_t *value) { return runtime.task() == (uintptr_t)value; }

static bool is_executor(const uintptr_t *value) {
  struct joist_executor now = runtime.executor();
  return now.identity == value[0] && now.implementation == value[1];
}

static void copy_in_queue(void *search) { copy_inside(search); }

static void act_queue(struct search *search) {
  void *queue = runtime.make_queue("joist", NULL);
  runtime.sync(queue, search, copy_in_queue);
  runtime.release_queue(queue);
}

// Not done under ThreadSanitizer, which puts functions in front of Dispatch's, in a module that has its own words.
static void find_queue_words(struct joist_words *words) {
#if !defined(JOIST_HAS_FIBERS)
  if (runtime.make_queue == NULL || runtime.sync == NULL || runtime.release_queue == NULL) return;
  int count = find_words(runtime.sync, act_queue, words->queue, JOIST_QUEUE_WORDS, true);
  if (count > JOIST_QUEUE_WORDS) return;
  words->queue_words = count;
  for (int i = 0; i < count; i++) words->outside_queue[i] = *words->queue[i];
#endif
}

static void find_task_words(struct joist_words *words) {
  if (runtime.task == NULL || runtime.executor == NULL) return;
  uintptr_t *task = find_read_word(runtime.task, is_task);
  uintptr_t *record = find_read_word(runtime.executor, is_executor);
  if (task == NULL || record == NULL || task == record) return;
  words->task = task;
  words->executor = record;
}

// The calling thread must not run a Task: see the header of this file.
void joist_words_find(struct joist_words *words, bool calls_only) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find_runtime);
  bool accesses = runtime.begin != NULL && runtime.end != NULL;
  bool locals = runtime.push != NULL && runtime.pop != NULL && runtime.int_type != NULL;
  bool observation = runtime.track != NULL && runtime.int_type != NULL;

  uintptr_t *access_word = accesses && !calls_only ? find_word(runtime.begin, act_access) : NULL;
  uintptr_t *locals_word = locals && !calls_only ? find_word(runtime.push, act_local) : NULL;
  uintptr_t *observation_word = observation ? find_word(runtime.track, act_observation) : NULL;
  uintptr_t *globals = runtime.globals != NULL ? runtime.globals() : NULL;

  memset(words, 0, sizeof *words);
  words->access = access_word != NULL ? access_word : &words->none[0];
  words->locals = locals_word != NULL ? locals_word : &words->none[0];
  words->observation = observation_word != NULL ? observation_word : &words->none[0];
  words->task = words->executor = &words->none[0];
  find_task_words(words);
  find_queue_words(words);
  words->caught = globals != NULL ? &globals[0] : &words->none[0];
  words->uncaught = globals != NULL ? (uint32_t *)&globals[1] : (uint32_t *)&words->none[1];
  words->access_by_calls = accesses && access_word == NULL && runtime.enter != NULL && runtime.exit != NULL;
  words->locals_by_calls = locals && locals_word == NULL && runtime.get != NULL;
}

#pragma mark - Saving and restoring

struct joist_saved_words {
  uintptr_t calls[2];  // the words that `enter` and `exit` use
  uintptr_t item;      // the newest item of the list of task-local values, where exported functions save it
  uintptr_t access, locals, observation, task, executor, caught;
  uint32_t uncaught;
};

void joist_words_none(struct joist_words *words) {
  *words = (struct joist_words){0};
  words->access = words->locals = words->observation = words->caught = &words->none[0];
  words->task = words->executor = &words->none[0];
  words->uncaught = (uint32_t *)&words->none[1];
}

static struct joist_saved_words *allocate(void) {
  struct joist_saved_words *saved = calloc(1, sizeof *saved);
  if (saved == NULL) abort();
  return saved;
}

// Replaces the thread's list of task-local values and returns the previous list. It pushes an item, whose first word
// points to the rest of the list, replaces this word, and pops the item, which makes the replacement the list. In the
// low bits of that word Concurrency marks items that a task inherits.
static uintptr_t exchange_locals(uintptr_t list) {
  enum { words_before_value = 3 };
  uintptr_t value = 0;
  runtime.push(&key, &value, runtime.int_type);
  uintptr_t *item = (uintptr_t *)runtime.get(&key) - words_before_value;
  uintptr_t replaced = item[0] & ~(uintptr_t)7;
  item[0] = list;
  runtime.pop();
  return replaced;
}

void joist_words_install_some(const struct joist_words *words, struct joist_saved_state *saved) {
  if (saved->words == NULL) saved->words = allocate();
  struct joist_saved_words *values = saved->words;
  *words->access = values->access;
  *words->locals = values->locals;
  *words->observation = values->observation;
  *words->task = values->task;
  *words->executor = values->executor;
  *words->caught = values->caught;
  *words->uncaught = values->uncaught;
  if (values->item != 0) exchange_locals(values->item);
  if (words->access_by_calls) runtime.enter(values->calls);  // must be the last step
}

// Zeroes the thread's words and returns their values.
static struct joist_saved_words take_words(const struct joist_words *words, struct joist_saved_state *saved) {
  struct joist_saved_words now = {0};
  if (words->access_by_calls && saved->words != NULL) {
    runtime.exit(saved->words->calls);
    memcpy(now.calls, saved->words->calls, sizeof now.calls);
  }
  if (words->locals_by_calls) now.item = exchange_locals(0);
  now.access = *words->access;
  now.locals = *words->locals;
  now.observation = *words->observation;
  now.task = *words->task;
  now.executor = *words->executor;
  now.caught = *words->caught;
  now.uncaught = *words->uncaught;
  *words->access = 0;
  *words->locals = 0;
  *words->observation = 0;
  *words->task = 0;
  *words->executor = 0;
  *words->caught = 0;
  *words->uncaught = 0;
  return now;
}

void joist_words_remove_some(const struct joist_words *words, struct joist_saved_state *saved) {
  struct joist_saved_words now = take_words(words, saved);
  uintptr_t lists = now.calls[0] | now.item | now.access | now.locals | now.task | now.executor;
  if ((lists | now.observation | now.caught | now.uncaught) == 0) {
    free(saved->words);
    saved->words = NULL;
    return;
  }
  if (saved->words == NULL) saved->words = allocate();
  *saved->words = now;
}

void joist_words_forget(const struct joist_words *words, struct joist_saved_state *saved) {
  take_words(words, saved);
  joist_saved_state_clear(saved);
}

// Does not free the items of task-local values, because destroying their values would run the program's code here, on a
// scheduler's stack.
void joist_saved_state_clear(struct joist_saved_state *saved) {
  free(saved->words);
  saved->words = NULL;
}
