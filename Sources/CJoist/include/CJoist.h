// SPDX-License-Identifier: Apache-2.0
//
// What Swift cannot express: the switch between stacks, access to the words that Swift's runtime keeps per OS thread,
// the handler of a crash, and the few system calls that Swift cannot make. Nothing here knows what a process or a
// scheduler is.
//
// Unless its comment says otherwise, a function may be called from any thread and on any stack, a scheduler's or a
// process's, but not from a signal handler; it allocates nothing and does not block.
#ifndef CJOIST_H
#define CJOIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma mark - The switch (switch_x86_64.S, switch_arm64.S)

/// The number of bytes that `joist_stack_lay` uses below the top of a stack: the first saved context, the sentinel
/// above it, and a word that belongs to the caller.
#if defined(__x86_64__)
#define JOIST_FIRST_FRAME_BYTES 80
#else
#define JOIST_FIRST_FRAME_BYTES 192
#endif

/// Saves the callee-saved registers and the floating-point control words on the current stack, stores the stack pointer
/// in `*save`, and resumes the context whose stack pointer is `load`. Such a context comes from an earlier switch or
/// from `joist_stack_lay`.
///
/// Returns when a later switch loads the stored stack pointer, possibly on another thread. Under ThreadSanitizer the
/// first switch to a laid context allocates.
///
/// It ends in an indirect jump instead of a return, because the return predictor knows nothing of other stacks. Control
/// words are loaded only where they differ from those in force. The floating-point status flags, such as the lowest six
/// bits of mxcsr on x86-64, are ignored and not saved: no code may rely on them across a call (W4).
void joist_switch(void *_Nullable *_Nonnull save, void *_Nonnull load);

/// Does the same as `joist_switch`, for a target stack that was most likely left by the same call that switches now.
///
/// It ends in a return. In that case the return is predicted, and so is every return of its callers. In any other case
/// each of these returns costs a misprediction.
void joist_switch_alike(void *_Nullable *_Nonnull save, void *_Nonnull load);

/// Writes a first context to an empty stack, so that switching to the result calls `entry(argument)` with a 16-byte
/// aligned stack, a frame pointer of zero (where unwinders stop) and the calling thread's floating-point control words.
///
/// `entry` must not return. `top` is 16-byte aligned. Above the context lies a sentinel word, and above the sentinel a
/// word that is left unchanged. Returns the stack pointer to switch to.
void *_Nonnull joist_stack_lay(void *_Nonnull top, void (*_Nonnull entry)(void *_Nonnull), void *_Nonnull argument);

/// Does the same as `joist_stack_lay` with the given control words instead of the calling thread's.
void *_Nonnull joist_stack_lay_with(void *_Nonnull top, void (*_Nonnull entry)(void *_Nonnull),
                                    void *_Nonnull argument, uint64_t control);

/// Returns the floating-point control words of the calling thread, without status flags.
uint64_t joist_control_words(void);

/// Ends the use of a laid stack whose frames will never be resumed; the caller runs on another stack.
///
/// Returns whether the sentinel word is still as `joist_stack_lay` wrote it. Under ThreadSanitizer it also frees what
/// the sanitizer keeps for the stack.
bool joist_stack_end(void *_Nonnull top);

/// Returns the stack pointer, accurate to within one frame.
static inline uintptr_t joist_stack_pointer(void) { return (uintptr_t)__builtin_frame_address(0); }

#pragma mark - What Swift keeps per thread, and jobs of Swift tasks (words.c, jobs.c)

#include "swift_state.h"

#pragma mark - The thread (thread.c)

/// Returns what a scheduler set for its own thread; null on every other thread. A signal handler may call it.
///
/// It is read by assembly, or by a function that is never inlined: code on a process's stack may resume on another
/// thread, and a compiler may keep the address of a thread-local.
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
/// Sets what `joist_thread_current` returns on the calling thread.
void joist_thread_set_current(void *_Nullable current);

/// Decides at each schedule point which simulated thread continues.
struct joist_schedule_control {
  /// Called when the running thread reaches a schedule point. Returns whether the running process is to leave at its
  /// next suspension point.
  bool (*_Nonnull at)(struct joist_schedule_control *_Nonnull control, int32_t point);
  /// The object that stands for the machine in the simulation.
  const void *_Nullable platform;
};

/// Returns the control of the threads that are simulated on the calling thread; null on every other thread.
struct joist_schedule_control *_Nullable joist_thread_schedule_control(void);
/// Sets what `joist_thread_schedule_control` returns on the calling thread.
void joist_thread_set_schedule_control(struct joist_schedule_control *_Nullable control);

/// Returns a counter that is cheap to read and the same on every core. Its unit is not the nanosecond but what
/// `joist_ticks_per_second` says.
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

/// Returns the frequency of `joist_ticks`. It is read from the machine where that tells it; otherwise the first call
/// measures it for a tenth of a millisecond.
uint64_t joist_ticks_per_second(void);

/// Tells the processor that this thread spins.
static inline void joist_pause(void) {
#if defined(__x86_64__)
  __asm__ volatile("pause");
#else
  __asm__ volatile("yield");
#endif
}

/// Has the processor fetch a cache line that is to be written soon.
static inline void joist_prefetch_for_write(uintptr_t address) { __builtin_prefetch((const void *)address, 1); }

/// Whether the system has a heavy fence. A light fence is then a mere compiler fence.
extern bool joist_has_heavy_fence;

/// The frequent half of an asymmetric fence: orders earlier stores before later loads against `joist_heavy_fence`.
///
/// Where the system has no heavy fence, it is a full fence itself. The flag is read relaxed: it is set before any
/// thread relies on a fence, and a superfluous full fence does no harm.
static inline void joist_light_fence(void) {
  if (__builtin_expect(__atomic_load_n(&joist_has_heavy_fence, __ATOMIC_RELAXED), 1)) __asm__ volatile("" ::: "memory");
  else __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/// The rare half of an asymmetric fence: every other thread of the program passes a full fence before it returns.
///
/// It takes microseconds. If the system begins to refuse the fence, one call takes a millisecond, and threads that call
/// it meanwhile block.
void joist_heavy_fence(void);

/// Registers the program for the heavy fence. Called once, before any thread relies on either half.
void joist_fences_prepare(void);

#pragma mark - What a process may do to its thread (across.c)

/// Has `ended` called on the calling thread if that ends in any other way than by returning (W43). With null, cancels
/// this. Called on the thread's own stack; may allocate.
void joist_thread_watch_end(void (*_Nullable ended)(void));

/// Notes that the calling thread is on no Dispatch queue (W44). Called on the thread's own stack; the first call takes
/// the loader's lock.
void joist_thread_note_queue(void);
/// Returns whether the calling thread is on a Dispatch queue now (W44).
bool joist_thread_is_on_queue(void);

#pragma mark - Faults (fault.c, frames.c, reserve.c, recursion.c)

/// The maximum number of frames that are kept of a fault.
#define JOIST_MAX_FRAMES 64

/// The maximum number of functions that are recorded of one recursion.
#define JOIST_MAX_RECURSION 128

/// The functions that have frames at or beyond `from`, far from the end of their stack (W42).
struct joist_recursion {
  uintptr_t functions[JOIST_MAX_RECURSION];
  int count;
  uintptr_t from;
};

/// A contained fault: the signal's handler fills it in, and the entry that runs afterwards reads it.
struct joist_fault {
  /// The number of the signal; zero for an overflow that a call of the runtime noticed.
  int signal;
  /// Whether the stack overflowed: the stack pointer was, or was about to go, below the stack.
  bool is_overflow;
  /// The number of bytes of the guard, next to the stack, that were made writable so that a library could finish (W20),
  /// and the stack's lowest address. Meanwhile the word in which the stack keeps this address holds its top instead, so
  /// that no call of the runtime finds enough stack. The entry closes the reserve.
  size_t reserve_bytes;
  uintptr_t low;
  struct joist_recursion recursion;
  /// Whether one of the frames holds a lock (W22).
  bool holds_lock;
  /// The address of the fault, and the return addresses from there outwards.
  uintptr_t frames[JOIST_MAX_FRAMES];
  int frame_count;
  /// Whether Swift's runtime has printed a message before it; `joist_fault_text` returns this message.
  bool has_text;
  /// The executor of the Swift task in which it arose; zero for none.
  struct joist_executor executor;
  /// Whether the report of this fault is being made. A fault that arrives meanwhile comes from making the report, and
  /// means that there was no memory for it.
  bool is_being_told;
};

/// The stacks of one thread whose faults are contained. Only that thread and its signal handler access it.
struct joist_site {
  /// The word in which the thread keeps the record of what runs on it (null if nothing runs), and the offset in the
  /// record of a pointer to two words: the lowest address of the stack and the address above its highest. A fault with
  /// the stack pointer elsewhere is not contained.
  void *_Nullable const *_Nullable running;
  size_t stack_offset;
  /// Runs at the top of the stack after a fault, with the record as its argument. Must not return.
  void (*_Nullable entry)(void *_Nonnull record);
  /// The number of bytes of guard below each stack.
  size_t guard_bytes;
  /// Whether no fault is contained, and whether faults that leave a lock behind are contained (W22).
  bool contains_nothing, contains_locks;
  /// The floating-point control words with which the entry begins.
  uint64_t control;
  /// The words that this thread keeps for the code on it; null where they are not known.
  const struct joist_words *_Nullable words;
  /// The word in which the thread counts its turns at processes; null where it has none.
  const uint64_t *_Nullable slices;
  /// The system's number of the thread, whether it has contained a crash, and the next site of all (sites.c).
  uint32_t thread;
  bool has_crashed;
  struct joist_site *_Nullable next;
  /// Whether the handler runs.
  bool is_busy;
  struct joist_fault fault;
};

/// Installs the handler of faults, once per program. The previous handlers get the faults that are not contained.
///
/// Later calls only refresh the table of loaded modules. Allocates, blocks, and takes the loader's lock.
void joist_faults_prepare(void);

/// From now on, in the child of a fork, no fault is contained (W34), and `child` is called on the thread that forked.
/// The first call may allocate.
void joist_forks_watch(void (*_Nonnull child)(void));

/// Returns whether this program is the child of a fork that was watched.
bool joist_is_forked_child(void);

/// Refreshes the table of loaded modules if anything was loaded since (W30). Takes the loader's lock, and may block.
void joist_faults_look(void);

/// Returns whether a handler of signals handled crashes before `joist_faults_prepare`, as Swift's own reporter does.
bool joist_faults_had(uintptr_t handler);

/// Returns the signals for which other handlers have been installed since `joist_faults_prepare`: bit n for signal n.
uint64_t joist_faults_lost(void);

/// Stops containing faults on every thread, for an error of the runtime itself. A signal handler may call it.
void joist_faults_give_up(void);

/// Contains faults on the calling thread from now on; with null, stops doing so.
///
/// The first call with a site maps a stack for signal handlers, unblocks the signals of faults, and notes the thread's
/// signal mask and locale, to which a crash returns.
void joist_faults_enter(struct joist_site *_Nullable site);

/// Returns the site whose faults are contained on the calling thread, or null.
struct joist_site *_Nullable joist_faults_site(void);

/// Makes the reserve a guard again, if any of it is open. Called by the entry after a fault, on the stack that
/// overflowed. Returns false where the system refuses.
bool joist_fault_close_reserve(struct joist_site *_Nonnull site);

/// Clears what the calling thread keeps for frames that were abandoned: the words, the locks of `stdout` and `stderr`
/// (W23), what Dispatch noted of a queue that the frames hold (W32), and the signal mask and locale that they set.
///
/// Called at the top of the stack whose frames were abandoned. Allocates nothing.
void joist_fault_forget_frames(const struct joist_words *_Nonnull words, struct joist_saved_state *_Nonnull saved);

/// Records that the current stack is about to overflow, with the caller's frames, for an entry that the caller then
/// restarts with.
///
/// Called on the stack that is about to overflow. Returns false where such an end is not contained: the site contains
/// nothing, or a frame holds a lock (W22).
bool joist_fault_note_overflow(struct joist_site *_Nonnull site);

/// Returns whether the frames of the caller may be abandoned: none holds a lock, or the site contains that (W22).
///
/// Called on the stack of these frames. If a lock is abandoned, the calling thread never ends (W32).
bool joist_fault_may_leave(struct joist_site *_Nonnull site);

/// Has `ended` called when a `Mutex` turns out to be locked by code that crashed (W52).
///
/// `ended` must not return. Its argument is whether only the calling process may end; otherwise the program must.
void joist_mutex_watch(void (*_Nonnull ended)(bool only_process));

/// Returns whether the calling thread must never end, because a crash left it holding a Dispatch queue (W32).
bool joist_thread_is_kept(void);

/// Sleeps until the program ends.
_Noreturn void joist_thread_rest(void);

/// Copies at most `bytes` bytes of the message of Swift's runtime that belongs to a fault (W28), and consumes it.
///
/// Returns the number of bytes copied, which is zero if there is no message. Takes a lock and frees older messages;
/// allocates nothing.
size_t joist_fault_text(const struct joist_fault *_Nonnull fault, char *_Nonnull copy, size_t bytes);

/// Abandons all frames of the current stack and calls `entry(argument)` at its top, with the given control words.
_Noreturn void joist_stack_restart(void *_Nonnull top, void (*_Nonnull entry)(void *_Nonnull), void *_Nonnull argument,
                                   uint64_t control);

#pragma mark - The system (system.c)

/// Blocks the thread while `*word` is `expected`, for at most `nanoseconds` (negative: no limit). It may return early
/// without a cause.
void joist_futex_wait(const void *_Nonnull word, uint32_t expected, int64_t nanoseconds);
/// Wakes at most `count` threads that sleep on the word. Where the system has no futex it may wake others, too.
void joist_futex_wake(const void *_Nonnull word, int32_t count);

/// Makes accesses to a range fault without splitting its mapping (Linux 6.13).
///
/// Returns false where the system cannot do that or, as some emulators do, accepts the call without an effect.
bool joist_guard_install(void *_Nonnull start, size_t bytes);

/// Provides the memory behind a range of whole pages in one call, instead of page by page at the first touch. Does
/// nothing where the system cannot do that.
void joist_populate(void *_Nonnull start, size_t bytes);

/// Makes AddressSanitizer report every access to a range, or accept accesses again. Does nothing in builds without the
/// sanitizer. Swift cannot see which sanitizer a build uses, so the build defines the macro.
#if defined(JOIST_MARKS_POOLS)
void joist_mark_free(void *_Nonnull start, size_t bytes);
void joist_mark_used(void *_Nonnull start, size_t bytes);
#else
static inline void joist_mark_free(void *_Nonnull start, size_t bytes) { (void)start, (void)bytes; }
static inline void joist_mark_used(void *_Nonnull start, size_t bytes) { (void)start, (void)bytes; }
#endif

/// Returns the number of spin locks that the calling thread holds. It is counted by `joist_count_spin_lock`, which only
/// debug builds call.
int joist_spin_locks(void);
/// Adds `change` to that number.
void joist_count_spin_lock(int change);

/// Allocates with malloc memory that `free` takes back; returns null if there is none. The alignment is a power of two,
/// and at least the size of a pointer.
void *_Nullable joist_allocate(size_t bytes, size_t alignment);

/// Returns whether malloc has a block of that size at the moment: allocates one and frees it.
bool joist_has_memory(size_t bytes);

/// Writes a sentence to the standard error and aborts the program.
_Noreturn void joist_stop(const uint8_t *_Nullable sentence, size_t bytes);

/// Makes malloc return to the system the whole pages that it keeps, where it can. Takes malloc's locks.
void joist_trim_malloc(void);

/// Extends a mapping, moving its pages to another address if necessary.
///
/// Returns the new address, or null where the system cannot do that; then nothing has changed.
void *_Nullable joist_grow(void *_Nonnull start, size_t bytes, size_t new_bytes);

/// Names the calling OS thread, as debuggers and `top -H` show it, and lets its sleeps end as precisely as the system
/// can.
void joist_thread_prepare(const char *_Nonnull name);

/// Returns the number of processors that this program may run on.
int joist_processors_allowed(void);

/// Returns whether the program may run on the given processor.
bool joist_processor_is_allowed(int processor);

/// Restricts the calling thread to the given processors, where the system can do that.
void joist_stay_on_processors(const int64_t *_Nonnull processors, int64_t count);

/// Returns the processor that the calling thread runs on at the moment.
int joist_current_processor(void);

#pragma mark - Threads seen from others (thread_use.c)

/// Returns the system's number of the calling thread.
int64_t joist_thread_number(void);
/// Returns the processor time that a thread of this program has used, in nanoseconds; -1 where that is not known.
int64_t joist_thread_busy(int64_t number);
/// Returns whether a thread of this program is blocked in the system; true as well where that is not known. Opens and
/// reads a file on Linux.
bool joist_thread_is_blocked(int64_t number);

#pragma mark - Descriptors (poll.c)

/// A set of descriptors that are polled, and a bell that ends a wait: a pipe on Linux. The pipe's number identifies the
/// bell even if the program closes and opens descriptors meanwhile (W36).
struct joist_poll {
  int queue, bell, ringer;
  uint64_t pipe_number, pipe_device;
};

/// A descriptor that is ready; its number is -1 for the bell.
struct joist_ready {
  int descriptor;
  bool reads, writes;
};

enum {
  /// The system cannot poll such descriptors (files); they are always ready.
  joist_poll_always_ready = -2,
  /// The descriptor is not open.
  joist_poll_not_open = -3,
  /// The descriptors of the poll itself have been closed from outside.
  joist_poll_lost = -4,
  /// The program, or the system, has no free descriptors.
  joist_poll_none_left = -5,
};

/// Opens a poll. Returns zero, `joist_poll_none_left`, or the system's error number.
int joist_poll_open(struct joist_poll *_Nonnull poll);
/// Closes the descriptors that still belong to the poll.
void joist_poll_close(struct joist_poll *_Nonnull poll);
/// Returns whether its descriptors still belong to the poll.
bool joist_poll_is_own(const struct joist_poll *_Nonnull poll);
/// Sets what a descriptor is polled for from now until its next event; with neither, the descriptor is removed.
///
/// Returns zero, the system's error number, or one of the negative numbers above.
int joist_poll_set(const struct joist_poll *_Nonnull poll, int descriptor, bool reads, bool writes);
/// Blocks for at most `milliseconds` until there are events, and stores at most `max_count` of them, and at most 64.
///
/// Returns the number of events, or `joist_poll_lost`.
int joist_poll_wait(const struct joist_poll *_Nonnull poll, struct joist_ready *_Nonnull ready, int max_count,
                    int milliseconds);
/// Ends the current wait, or the next one. Returns false if the bell no longer belongs to the poll.
bool joist_poll_ring(const struct joist_poll *_Nonnull poll);

#pragma mark - Walking stacks (stack_walk.c)

/// Stores the code addresses of a parked process, innermost first, and returns how many there are, at most `limit`.
///
/// `saved` is where its frames lie now, `context` the stack pointer at which it was parked, and `top` the address above
/// its first frame.
int32_t joist_stack_walk(const void *_Nonnull saved, uintptr_t context, uintptr_t top, uintptr_t *_Nonnull frames,
                         int32_t limit);
/// Stores the return addresses of the calling code, innermost first, as far as its frames lie between the two
/// addresses, and returns how many there are, at most `limit`.
int32_t joist_stack_walk_here(uintptr_t low, uintptr_t top, uintptr_t *_Nonnull frames, int32_t limit);

#pragma mark - Samples of what runs (sampler.c)

enum { JOIST_SAMPLE_FRAMES = 46 };

/// One sample: the bits of the identity of the process that ran, and the code addresses on its stack, innermost first.
struct joist_sample {
  uint64_t process;
  int64_t frame_count;
  uintptr_t frames[JOIST_SAMPLE_FRAMES];
};

/// The memory of a profile. `count` may exceed the capacity, and is the number of samples that there were.
struct joist_samples {
  int64_t count, capacity;
  /// The offset of the identity in a process's record.
  int64_t identity_offset;
  struct joist_sample *_Nonnull samples;
};

/// Initializes the memory of a profile.
void joist_samples_make(struct joist_samples *_Nonnull samples, int64_t capacity, int64_t identity_offset,
                        struct joist_sample *_Nonnull room);
/// Returns the number of samples that there were.
int64_t joist_samples_count(const struct joist_samples *_Nonnull samples);
/// Begins a profile. Returns false if another one is taken, or if the platform has no sampler.
bool joist_sampler_begin(struct joist_samples *_Nonnull samples);
/// Samples the thread with that number, if it runs a process.
void joist_sampler_interrupt(int64_t thread);
/// Ends the profile. A signal that was sent before may still be handled for some milliseconds.
void joist_sampler_end(void);

#pragma mark - Files of the flight recorder (recording.c)

/// Returns the system's number of this process.
int32_t joist_pid(void);

/// Makes the file that the environment's `JOIST_RECORD` names, of that length and full of zeroes, and returns its
/// descriptor. Returns -1 if there is no such variable, or if the file cannot be made, which is printed.
int joist_recording_open(int64_t bytes);
/// Maps a part of a file, shared; the offset is a multiple of the page size. Returns null if that is not possible.
void *_Nullable joist_map_file(int file, int64_t offset, int64_t bytes);
/// Creates a file that only its user may read and write, or empties it. Returns its descriptor, or -1.
int joist_file_create(const char *_Nonnull path);
/// Writes all the bytes. Returns false if the system does not take them all.
bool joist_file_write(int file, const void *_Nonnull bytes, int64_t count);
void joist_file_close(int file);
/// Returns the system's words for the last error of this thread.
const char *_Nonnull joist_error_text(void);

#pragma mark - Swift values without their type (values.c)

/// Moves a Swift value of any type to other memory; `from` is uninitialized afterwards.
void joist_value_move(void *_Nonnull to, void *_Nonnull from, const void *_Nonnull metadata);

/// Destroys a Swift value of any type, noncopyable ones included, through its value witness table. Runs the program's
/// `deinit` code, which may do anything.
void joist_value_destroy(void *_Nonnull value, const void *_Nonnull metadata);

/// Returns whether destroying a value of the type does nothing.
bool joist_value_is_trivial(const void *_Nonnull metadata);

#pragma mark - Core files (core_layout.c)

/// Notes for debuggers where a runtime's records are, the address of the word that has their number, and, as text, how
/// they are laid out. The text of the first call is kept, and the records of 64 runtimes.
void joist_core_add(const char *_Nonnull text, uintptr_t records, uintptr_t used);

#ifdef __cplusplus
}
#endif
#endif
