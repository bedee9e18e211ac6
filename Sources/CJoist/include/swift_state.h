// SPDX-License-Identifier: Apache-2.0
//
// What Swift's runtime keeps per thread, and the jobs of Swift tasks. Included by CJoist.h.
#ifndef JOIST_SWIFT_STATE_H
#define JOIST_SWIFT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma mark - What Swift keeps per thread (words.c)

/// An executor of Swift's, as its runtime passes it: a default actor has no implementation, and the global executor has
/// neither.
struct joist_executor {
  uintptr_t identity, implementation;
};

/// The maximum number of words that Dispatch may change while a thread is on a queue.
#define JOIST_QUEUE_WORDS 4

/// The addresses at which one OS thread keeps the state of the code that runs on it.
///
/// They are found once per thread. Afterwards every pointer is valid: it leads to a word of `none` where the thread has
/// no such state.
struct joist_words {
  /// The head of the list of open exclusivity accesses; its nodes lie in stack frames.
  uintptr_t *_Nullable access;
  /// The head of the list of task-local values that are bound outside a task.
  uintptr_t *_Nullable locals;
  /// What Observation is tracking; it points into a stack frame.
  uintptr_t *_Nullable observation;
  /// The record of the executor that Swift's current task runs on; it lies in a stack frame.
  uintptr_t *_Nullable executor;
  /// The exceptions of C++ (`__cxa_get_globals`): the stack of caught ones, and the count of those in flight.
  uintptr_t *_Nullable caught;
  uint32_t *_Nullable uncaught;
  /// Whether the access word was not found, so that the exported `swift_task_{exit,enter}ThreadLocalContext` save it.
  bool access_by_calls;
  /// Whether the task-local word was not found, so that the exported `swift_task_localValue{Push,Get,Pop}` save it.
  bool locals_by_calls;
  /// Swift's current task. A task always runs with an executor's record, so a switch looks only at `executor`.
  uintptr_t *_Nullable task;
  /// Zero words to point at.
  uintptr_t none[2];
  /// The words in which Dispatch notes which queue this thread is on, and their values outside every queue (W31).
  uintptr_t *_Nullable queue[JOIST_QUEUE_WORDS];
  uintptr_t outside_queue[JOIST_QUEUE_WORDS];
  int queue_words;
};

/// The values that these words had when a process was suspended. The pointer is null for a process that has nothing
/// open, which is the case for nearly every process.
struct joist_saved_state {
  struct joist_saved_words *_Nullable words;
};

/// Finds the words of the calling thread, which must not run a Swift task. With `calls_only` the first two count as not
/// found.
///
/// Called on the thread's own stack before any process runs on it. Allocates, and takes the loader's lock.
void joist_words_find(struct joist_words *_Nonnull words, bool calls_only);

/// Lets every pointer lead to a word of `none`. For a thread that the runtime does not own: it may run a Swift task,
/// which keeps its values elsewhere.
void joist_words_none(struct joist_words *_Nonnull words);

/// The slow paths of `joist_words_install` and `joist_words_remove`. They allocate, and abort without memory.
void joist_words_install_some(const struct joist_words *_Nonnull words, struct joist_saved_state *_Nonnull saved);
void joist_words_remove_some(const struct joist_words *_Nonnull words, struct joist_saved_state *_Nonnull saved);

/// Clears the thread's words after the frames of their process were abandoned, and frees what the process had saved.
///
/// Called on the thread whose words they are, after a crash on the crashed stack itself. Allocates nothing, except
/// where the task-local word was not found: Swift's runtime then allocates an item of its list for a moment.
void joist_words_forget(const struct joist_words *_Nonnull words, struct joist_saved_state *_Nonnull saved);

/// Frees what a dead process had saved.
void joist_saved_state_clear(struct joist_saved_state *_Nonnull saved);

/// Writes a process's saved words to the calling thread, whose words are zero, just before the switch to the process.
///
/// Called on the scheduler's stack, or on the stack of a process that hands over. Allocates only where exported calls
/// save the words.
static inline __attribute__((always_inline)) void joist_words_install(const struct joist_words *_Nonnull words,
                                                                      struct joist_saved_state *_Nonnull saved) {
  if (__builtin_expect(saved->words != NULL || words->access_by_calls, 0)) joist_words_install_some(words, saved);
}

/// Returns whether the process that runs on this thread has nothing open and had nothing open when it was resumed,
/// which is the usual case.
static inline __attribute__((always_inline)) bool joist_words_are_closed(const struct joist_words *_Nonnull words,
    const struct joist_saved_state *_Nonnull saved) {
  uintptr_t open = *words->access | *words->locals | *words->observation | *words->executor;
  open |= *words->caught | *words->uncaught;
  return (open | (uintptr_t)saved->words | words->access_by_calls | words->locals_by_calls) == 0;
}

/// Returns whether the calling thread runs a Swift task, whose process stays on it (W49).
static inline bool joist_words_in_task(const struct joist_words *_Nonnull words) { return *words->executor != 0; }

/// Saves a process's words and zeroes those of the calling thread, just before or after the switch away from the
/// process.
///
/// Called on the process's stack or on the scheduler's. Allocates only if the process has something open, or where
/// exported calls save the words.
static inline __attribute__((always_inline)) void joist_words_remove(const struct joist_words *_Nonnull words,
                                                                     struct joist_saved_state *_Nonnull saved) {
  if (__builtin_expect(!joist_words_are_closed(words, saved), 0)) joist_words_remove_some(words, saved);
}

#pragma mark - Jobs of Swift tasks (jobs.c)

/// The functions that get the jobs of Swift tasks, on any thread: those to run at once, and those to run after a number
/// of nanoseconds, which may be below zero. Where `later` returns false, Swift runs the job.
struct joist_job_takers {
  void (*_Nonnull now)(void *_Nonnull job);
  bool (*_Nonnull later)(void *_Nonnull job, int64_t nanoseconds);
};

/// Whether the jobs of a program can be taken over.
enum joist_takeover {
  joist_takeover_free,
  /// This program's Swift has no such hooks, or the program does not use Swift's tasks.
  joist_takeover_missing,
  /// The hooks have other functions.
  joist_takeover_taken,
};

/// Returns whether jobs can be taken over. Takes the loader's lock.
enum joist_takeover joist_jobs_are_taken(void);

/// Has Swift's runtime give jobs to these functions from now on, in place of its global executor (W50).
///
/// Called once per program, where the hooks are free. Returns false if others have taken the jobs since. Takes the
/// loader's lock.
bool joist_jobs_take_over(struct joist_job_takers takers);

/// Gives a job that a hook got to Swift's global executor. Runs it on the calling thread if there was no job to run at
/// once so far, because that executor is not known then.
void joist_job_give_back(void *_Nonnull job);

/// Runs a job on the calling thread, after `joist_jobs_take_over`.
void joist_job_run(void *_Nonnull job);

/// Unlocks a default actor that was locked by frames that were abandoned (W51).
///
/// The thread must run no task. Other jobs of the actor are enqueued. `before` is called first, with the actor as the
/// thread's executor, and must not move to another thread.
void joist_actor_unlock(const struct joist_words *_Nonnull words, void *_Nonnull actor,
                        void (*_Nullable before)(void *_Nullable context), void *_Nullable context);

#endif
