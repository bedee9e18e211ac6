// SPDX-License-Identifier: Apache-2.0
//
// What Swift cannot say: the switch between stacks, the words that Swift's runtime keeps per OS thread, and the
// few system calls that Swift cannot make. Nothing here knows what a process or a scheduler is.
#ifndef CJOIST_H
#define CJOIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma mark - The switch (switch_x86_64.S, switch_arm64.S)

/// Bytes below the top of a stack that `joist_stack_lay` uses: the first saved context, the sentinel above it, and a
/// word that is the caller's.
#if defined(__x86_64__)
#define JOIST_FIRST_FRAME_BYTES 80
#else
#define JOIST_FIRST_FRAME_BYTES 192
#endif

/// Saves the callee-saved registers and the floating-point control words on the stack that runs, stores the stack
/// pointer in `*save`, and goes on where `load`, a stack pointer stored so before (or laid), left off.
///
/// It ends in an indirect jump and not in a return: the return predictor knows nothing of other stacks.
/// Control words are loaded only where they differ from the ones in force. Status flags of floating point, such as the
/// lowest six bits of mxcsr on x86-64, do not count and are not kept: they belong to nobody across a call (W4).
void joist_switch(void *_Nullable *_Nonnull save, void *_Nonnull load);

/// The same, for a switch to a stack that most likely left off in the very call that switches now. It ends in a return,
/// which is predicted then, and so is every return of the callers; elsewhere each of them costs a misprediction.
void joist_switch_alike(void *_Nullable *_Nonnull save, void *_Nonnull load);

/// Lays a first context on an empty stack, so that switching to the result calls `entry(argument)` with a 16-byte
/// aligned stack, a frame pointer of zero (unwinders end there) and the control words of the thread that lays it.
/// `entry` never returns. `top` is 16-byte aligned; above the context lies a sentinel word, and above that one
/// that is left as it is.
void *_Nonnull joist_stack_lay(void *_Nonnull top, void (*_Nonnull entry)(void *_Nonnull), void *_Nonnull argument);

/// The same with other control words.
void *_Nonnull joist_stack_lay_with(void *_Nonnull top, void (*_Nonnull entry)(void *_Nonnull),
                                    void *_Nonnull argument, uint64_t control);

/// The floating-point control words of the calling thread, without status flags.
uint64_t joist_control_words(void);

/// Nobody goes back to what is on a stack that was laid. Whether the sentinel word is as `joist_stack_lay` wrote it.
bool joist_stack_end(void *_Nonnull top);

/// Where the stack pointer is, to within a frame.
static inline uintptr_t joist_stack_pointer(void) { return (uintptr_t)__builtin_frame_address(0); }

#pragma mark - What Swift keeps per thread (words.c)

/// The most words that Dispatch may change while a thread is on a queue.
#define JOIST_QUEUE_WORDS 4

/// Where one OS thread keeps what belongs to the code that runs on it. Found once a thread; then every pointer leads
/// somewhere, to a word of `none` where the thread has no such thing.
struct joist_words {
  /// Head of the list of open exclusivity accesses; its nodes lie in stack frames.
  uintptr_t *_Nullable access;
  /// Head of the list of task-local values bound outside a task.
  uintptr_t *_Nullable locals;
  /// What Observation is tracking; leads into a stack frame.
  uintptr_t *_Nullable observation;
  /// The record of the executor that Swift's current task runs on, which lies in a stack frame.
  uintptr_t *_Nullable executor;
  /// C++'s caught exceptions (`__cxa_get_globals`): the stack of them, and the count of those in flight.
  uintptr_t *_Nullable caught;
  uint32_t *_Nullable uncaught;
  /// The access word was not found: saved by the exported `swift_task_{exit,enter}ThreadLocalContext`.
  bool access_by_calls;
  /// The task-local word was not found: saved by the exported `swift_task_localValue{Push,Get,Pop}`.
  bool locals_by_calls;
  /// Swift's current task. Where there is one, there is an executor's record: that alone is looked at in a switch.
  uintptr_t *_Nullable task;
  /// Zero words to point at.
  uintptr_t none[2];
  /// Where Dispatch notes which queue this thread is on, and what these words hold outside of every queue (W31).
  uintptr_t *_Nullable queue[JOIST_QUEUE_WORDS];
  uintptr_t outside_queue[JOIST_QUEUE_WORDS];
  int queue_words;
};

/// What a suspended process has of them. Null for one that has nothing open, which is nearly every one.
struct joist_saved_state {
  struct joist_saved_words *_Nullable words;
};

/// Finds the calling thread's words. With `calls_only` the first two are treated as not found.
void joist_words_find(struct joist_words *_Nonnull words, bool calls_only);

/// Finds nothing: for a thread that is not the runtime's own and may run a Swift task, whose values are elsewhere.
void joist_words_none(struct joist_words *_Nonnull words);

void joist_words_install_some(const struct joist_words *_Nonnull words, struct joist_saved_state *_Nonnull saved);
void joist_words_remove_some(const struct joist_words *_Nonnull words, struct joist_saved_state *_Nonnull saved);

/// Takes the words of one that runs no more off this thread, and forgets them and what it saved. Allocates nothing.
void joist_words_forget(const struct joist_words *_Nonnull words, struct joist_saved_state *_Nonnull saved);

/// Forgets what a dead process saved.
void joist_saved_state_clear(struct joist_saved_state *_Nonnull saved);

/// Puts a process's words on this thread, where they are zero, just before it is switched to.
static inline __attribute__((always_inline)) void joist_words_install(const struct joist_words *_Nonnull words,
                                                                      struct joist_saved_state *_Nonnull saved) {
  if (__builtin_expect(saved->words != NULL || words->access_by_calls, 0)) joist_words_install_some(words, saved);
}

/// Whether the process that runs on this thread has nothing open, and had nothing when it came: the usual case.
static inline __attribute__((always_inline)) bool joist_words_are_closed(const struct joist_words *_Nonnull words,
    const struct joist_saved_state *_Nonnull saved) {
  uintptr_t open = *words->access | *words->locals | *words->observation | *words->executor;
  open |= *words->caught | *words->uncaught;
  return (open | (uintptr_t)saved->words | words->access_by_calls | words->locals_by_calls) == 0;
}

/// Takes a process's words off this thread, just before or after it is switched from; the thread's are zero then.
static inline __attribute__((always_inline)) void joist_words_remove(const struct joist_words *_Nonnull words,
                                                                     struct joist_saved_state *_Nonnull saved) {
  if (__builtin_expect(!joist_words_are_closed(words, saved), 0)) joist_words_remove_some(words, saved);
}

#pragma mark - The thread (thread.c)

/// What this thread runs as: set by a scheduler for itself, null on every other thread. Read by assembly, or never
/// inlined, since code on a process's stack may go on on another thread and a compiler may keep the address of a
/// thread-local.
#if defined(__ELF__) && (defined(__x86_64__) || defined(__aarch64__))
#define JOIST_READS_CURRENT_INLINE
static inline __attribute__((always_inline)) void *_Nullable joist_thread_current(void) {
  void *current;
#if defined(__x86_64__)
  __asm__ volatile("movq joist_current@GOTTPOFF(%%rip), %0\n\tmovq %%fs:(%0), %0" : "=r"(current) : : "memory");
#else
  void *offset;
  __asm__ volatile("adrp %1, :gottprel:joist_current\n\tldr %1, [%1, :gottprel_lo12:joist_current]\n\t"
                   "mrs %0, tpidr_el0\n\tldr %0, [%0, %1]" : "=&r"(current), "=&r"(offset) : : "memory");
#endif
  return current;
}
#else
void *_Nullable joist_thread_current(void);
#endif
void joist_thread_set_current(void *_Nullable current);

/// Where threads are simulated, decides at a place between two steps of one which goes on.
struct joist_schedule_control {
  /// The thread is at such a place. Whether the process that runs is to leave at its next suspension point.
  bool (*_Nonnull at)(struct joist_schedule_control *_Nonnull control, int32_t place);
  /// The object that stands for the machine there.
  const void *_Nullable platform;
};

/// What steers the threads that are simulated on this one; null on every other thread.
struct joist_schedule_control *_Nullable joist_thread_schedule_control(void);
void joist_thread_set_schedule_control(struct joist_schedule_control *_Nullable control);

/// A counter that is cheap to read and the same on every core: not nanoseconds, see `joist_ticks_per_second`.
static inline uint64_t joist_ticks(void) {
#if defined(__x86_64__)
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t)high << 32 | low;
#else
  uint64_t value;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#endif
}

/// How fast `joist_ticks` counts: read where the machine says, otherwise measured once over a tenth of a millisecond.
uint64_t joist_ticks_per_second(void);

/// A hint that this thread spins.
static inline void joist_pause(void) {
#if defined(__x86_64__)
  __asm__ volatile("pause");
#else
  __asm__ volatile("yield");
#endif
}

/// The common half of an asymmetric fence: orders earlier stores before later loads against `joist_heavy_fence`.
/// Where the system has no heavy one it is a full fence itself. The flag is read relaxed: it is set before anything is
/// fenced, and a full fence too many does no harm.
extern bool joist_has_heavy_fence;
static inline void joist_light_fence(void) {
  if (__builtin_expect(__atomic_load_n(&joist_has_heavy_fence, __ATOMIC_RELAXED), 1)) __asm__ volatile("" ::: "memory");
  else __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/// The rare half: every other thread of the program passes a full fence before it returns. Microseconds; a millisecond
/// once, when the system begins to refuse it.
void joist_heavy_fence(void);

/// Registers for the heavy fence; call once before any thread relies on either half.
void joist_fences_prepare(void);

#pragma mark - What a process may do to its thread (across.c)

/// Has `ended` called on this thread if it ends otherwise than by returning (W43); with null, not any more.
void joist_thread_watch_end(void (*_Nullable ended)(void));

/// Notes that this thread is on no queue of Dispatch's, and whether it is on one now (W44).
void joist_thread_note_queue(void);
bool joist_thread_is_on_queue(void);

#pragma mark - Faults (fault.c, frames.c, reserve.c, recursion.c)

/// The most frames that are kept of a fault.
#define JOIST_FRAMES_MOST 64

/// The most functions of a recursion that are told apart.
#define JOIST_RECURSION_MOST 128

/// Functions whose frames, `from` that address outwards, are far from the end of their stack (W42).
struct joist_recursion {
  uintptr_t functions[JOIST_RECURSION_MOST];
  int count;
  uintptr_t from;
};

/// A fault that was contained: filled by the signal's handler, read by the entry that runs then.
struct joist_fault {
  /// The signal it arrived as.
  int signal;
  /// The stack pointer was, or went, below the stack.
  bool is_overflow;
  /// How much of the guard, next to the stack, was made writable so that a library could finish (W20), and the stack's
  /// lowest address. The stack's own word for that leads to its top meanwhile, so that no call of the runtime has room.
  /// The entry that runs then closes the reserve.
  size_t reserve_bytes;
  uintptr_t low;
  struct joist_recursion recursion;
  /// One of the frames holds a lock (W22).
  bool holds_lock;
  /// Where it happened, and the return addresses from there outwards.
  uintptr_t frames[JOIST_FRAMES_MOST];
  int frame_count;
  /// Swift's runtime has said something before it: `joist_fault_text` tells what.
  bool has_text;
  /// What is known of it is being put together: a fault meanwhile is of that, which had no memory.
  bool is_being_told;
};

/// One thread's stacks whose faults are contained. Nothing but the handler and its thread touch it.
struct joist_site {
  /// Where the thread keeps what runs on it (a record, null for nothing), and where that keeps its stack: two words,
  /// the lowest address and the one above the highest. Faults with the stack pointer elsewhere are not contained.
  void *_Nullable const *_Nullable running;
  size_t stack_offset;
  /// Runs at the top of the stack after a fault, with the record, and never returns.
  void (*_Nullable entry)(void *_Nonnull record);
  /// Bytes of guard below each stack.
  size_t guard_bytes;
  /// Contain nothing, and contain what leaves a lock behind (W22).
  bool contains_nothing, contains_locks;
  /// The floating-point control words that the entry begins with.
  uint64_t control;
  /// What this thread keeps for the code on it; null where that is not known.
  const struct joist_words *_Nullable words;
  /// The handler runs.
  bool is_busy;
  struct joist_fault fault;
};

/// Takes the signals over, once a program; what handled them before gets what is not contained. Later calls only look
/// anew what is loaded.
void joist_faults_prepare(void);

/// From now on, in the child of a fork, nothing is contained (W34), and `child` is called on the thread that forked.
void joist_forks_watch(void (*_Nonnull child)(void));

/// Whether this program is the child of a fork that was watched.
bool joist_is_forked_child(void);

/// Looks what is loaded, if anything was loaded since (W30). Takes the loader's lock.
void joist_faults_look(void);

/// The signal that another handler has been installed for since, or zero.
int joist_faults_lost(void);

/// Nothing is contained any more, on no thread: for faults of the runtime itself.
void joist_faults_give_up(void);

/// Contains faults on this thread from now on; with null, no more. Gives the thread a stack for handlers at first.
void joist_faults_enter(struct joist_site *_Nullable site);

/// Whose faults are contained on this thread.
struct joist_site *_Nullable joist_faults_site(void);

/// Guards the reserve again, if any of it is open; false where the system refuses.
bool joist_fault_close_reserve(struct joist_site *_Nonnull site);

/// Clears what this thread keeps for frames that are no more: the words, the locks of `stdout` and `stderr` (W23), what
/// Dispatch noted of a queue that they hold (W32), and the signals that they blocked. Allocates nothing.
void joist_fault_forget_frames(const struct joist_words *_Nonnull words, struct joist_saved_state *_Nonnull saved);

/// Notes that the running stack is about to end, with the frames of the caller, for an entry that is gone to then.
/// False where such an end is not contained: the site contains nothing, or a frame holds a lock (W22).
bool joist_fault_note_overflow(struct joist_site *_Nonnull site);

/// Whether the frames of the caller may be left behind: none holds a lock, or the site contains that (W22).
bool joist_fault_may_leave(struct joist_site *_Nonnull site);

/// Whether the calling thread must never end, for it was left holding a queue (W32).
bool joist_thread_is_kept(void);

/// Sleeps until the program ends.
_Noreturn void joist_thread_rest(void);

/// Copies what Swift's runtime said of a death (W28); the length, which is zero where it said nothing. Takes a lock.
size_t joist_fault_text(const struct joist_fault *_Nonnull fault, char *_Nonnull copy, size_t bytes);

/// Begins anew on this stack, which is left for good: `entry(argument)` at its top, with those control words.
_Noreturn void joist_stack_restart(void *_Nonnull top, void (*_Nonnull entry)(void *_Nonnull), void *_Nonnull argument,
                                   uint64_t control);

#pragma mark - The system (system.c)

/// Sleeps while `*word` is `expected`, at most so many nanoseconds (negative: without end). May wake without cause.
void joist_futex_wait(const void *_Nonnull word, uint32_t expected, int64_t nanoseconds);
/// Wakes at most so many who sleep on the word.
void joist_futex_wake(const void *_Nonnull word, int32_t count);

/// Makes a range fault on access without splitting its mapping (Linux 6.13); false where that does not exist or,
/// as under some emulators, is accepted and does nothing.
bool joist_guard_install(void *_Nonnull start, size_t bytes);

/// Has the memory behind a range of whole pages there, in one call and not page by page as it is touched; where the
/// system cannot do that nothing happens.
void joist_populate(void *_Nonnull start, size_t bytes);

/// Has AddressSanitizer report whoever touches a range, and nobody any more; nothing in builds without it. Swift cannot
/// see which sanitizer a build has, so the build defines the name.
#if defined(JOIST_MARKS_POOLS)
void joist_mark_free(void *_Nonnull start, size_t bytes);
void joist_mark_used(void *_Nonnull start, size_t bytes);
#else
static inline void joist_mark_free(void *_Nonnull start, size_t bytes) { (void)start, (void)bytes; }
static inline void joist_mark_used(void *_Nonnull start, size_t bytes) { (void)start, (void)bytes; }
#endif

/// How many spin locks this thread has, in debug builds; counted there by `joist_count_spin_lock`.
int joist_spin_locks(void);
void joist_count_spin_lock(int change);

/// Memory from malloc, to be freed as such; NULL when there is none. The alignment is a power of two, and not less than
/// a pointer's size.
void *_Nullable joist_allocate(size_t bytes, size_t alignment);

/// Whether malloc has a block of that size just now.
bool joist_has_memory(size_t bytes);

/// Writes a sentence to the standard error, and ends the program; takes no memory.
_Noreturn void joist_stop(const uint8_t *_Nullable sentence, size_t bytes);

/// Has malloc give back whole pages that it keeps, where it can.
void joist_trim_malloc(void);

/// Makes a mapping longer, elsewhere if need be, by moving its pages; null, and nothing is changed, where the system
/// cannot do that.
void *_Nullable joist_grow(void *_Nonnull start, size_t bytes, size_t new_bytes);

/// Names the calling OS thread, as debuggers and `top -H` show it, and has it wake when it asked to.
void joist_thread_prepare(const char *_Nonnull name);

/// How many processors this program may run on.
int joist_processors_allowed(void);

/// Whether the program may run on that one.
bool joist_processor_is_allowed(int processor);

/// Has this thread run on these alone from now on, where the system can do that.
void joist_stay_on_processors(const int64_t *_Nonnull processors, int64_t count);

/// Which one this thread runs on just now.
int joist_current_processor(void);

#pragma mark - Threads seen from others (thread_use.c)

/// The system's number of this thread.
int64_t joist_thread_number(void);
/// Nanoseconds that a thread of this program has had a processor for; -1 where that is not known.
int64_t joist_thread_busy(int64_t number);
/// Whether a thread of this program waits in the system; true as well where that is not known.
bool joist_thread_is_blocked(int64_t number);

#pragma mark - Descriptors (poll.c)

/// A set of descriptors that are waited for, and a bell that ends a wait: a pipe, which is known by its number whoever
/// closes or opens descriptors meanwhile (W36).
struct joist_poll {
  int queue, bell, ringer;
  uint64_t pipe_number, pipe_device;
};

/// A descriptor that is ready; -1 for the bell.
struct joist_ready {
  int descriptor;
  bool reads, writes;
};

enum {
  /// The system does not wait for such descriptors (files): they are always ready.
  joist_poll_always_ready = -2,
  joist_poll_not_open = -3,
  /// Somebody has closed the descriptors of the poll itself.
  joist_poll_lost = -4,
  /// The program, or the system, has no descriptors left.
  joist_poll_none_left = -5,
};

/// Opens a poll: zero, the system's error number when it gives none, or `joist_poll_none_left`.
int joist_poll_open(struct joist_poll *_Nonnull poll);
/// Closes what is still the poll's own.
void joist_poll_close(struct joist_poll *_Nonnull poll);
/// Whether its descriptors are still its own.
bool joist_poll_is_own(const struct joist_poll *_Nonnull poll);
/// What a descriptor is waited for from now until its next event; zero, the system's error number, or a number above.
int joist_poll_set(const struct joist_poll *_Nonnull poll, int descriptor, bool reads, bool writes);
/// Waits at most `milliseconds` for events; returns their count, or `joist_poll_lost`.
int joist_poll_wait(const struct joist_poll *_Nonnull poll, struct joist_ready *_Nonnull ready, int most,
                    int milliseconds);
/// Ends a wait, now or the next one; false when the bell is not the poll's own any more.
bool joist_poll_ring(const struct joist_poll *_Nonnull poll);

#pragma mark - Swift values without their type (values.c)

/// Moves a Swift value of any type to other memory; its old place is uninitialised then.
void joist_value_move(void *_Nonnull to, void *_Nonnull from, const void *_Nonnull metadata);

/// Destroys a Swift value of any type, noncopyable ones included, through its value witness table.
void joist_value_destroy(void *_Nonnull value, const void *_Nonnull metadata);

/// Whether destroying a value of a type does nothing.
bool joist_value_is_trivial(const void *_Nonnull metadata);

#ifdef __cplusplus
}
#endif
#endif
