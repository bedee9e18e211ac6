// SPDX-License-Identifier: Apache-2.0
//
// How C dies.
#ifndef CFAULTPROBE_H
#define CFAULTPROBE_H

#include <stdbool.h>
#include <stdint.h>

/// Dies of the compiler's trap.
void probe_trap(void);

/// Divides, whatever by.
int32_t probe_divide(int32_t a, int32_t b);

/// Calls `abort`.
void probe_abort(void);

/// Writes to an address where nothing is.
void probe_write_wildly(void);

/// Frees what was never allocated.
void probe_free_wildly(void);

/// Fails an assertion of C's.
void probe_assert(void);

/// Executes what is no instruction.
void probe_execute_nonsense(void);

/// Takes so many bytes of stack in one frame and writes to the lowest.
int32_t probe_take_stack(int64_t bytes);

/// Of the bytes below an address, as far as they are whole pages, how many are in memory.
int64_t probe_resident_below(uintptr_t address, int64_t bytes);

/// How often this thread has called malloc; negative where that is not counted.
int64_t probe_malloc_calls(void);

/// How often it did so with a spin lock of the runtime's in hand; known in debug builds.
int64_t probe_malloc_calls_under_locks(void);

/// Has the so-manieth call of this thread from now on fail, once; none, for zero. How many were left of what was said
/// before: zero when it has failed.
int64_t probe_fail_malloc(int64_t number);

/// Has every call of every thread fail from now on, or none.
void probe_fail_malloc_for_ever(bool fails);

/// Bytes that malloc has given out and not taken back; negative where it does not say.
int64_t probe_malloc_bytes(void);

/// Rounds upwards from now on; whether this thread does.
void probe_round_upwards(void);
bool probe_rounds_upwards(void);

/// Has a handler count signals, one of whoever installs it before or after others, and passes none on; the count.
void probe_install_counter(int32_t signal);
int32_t probe_counted(void);

/// Raises a signal whose handler, which has another one blocked as well, dies of the compiler's trap.
void probe_crash_in_handler(int32_t signal, int32_t blocked);

/// Blocks a signal for this thread; with zero, unblocks all. Whether it is blocked.
void probe_block(int32_t signal);
bool probe_is_blocked(int32_t signal);

/// `fork`, which Swift does not offer everywhere; and `waitpid`, whose status it returns.
int32_t probe_fork(void);
int32_t probe_wait(int32_t child);

/// Becomes that program.
void probe_execute(const char *path);

/// Writes one byte.
void probe_write_byte(int32_t descriptor);

/// Has the system refuse the heavy fence (`membarrier`) from now on, on every thread, with this error number; false
/// where it cannot.
bool probe_forbid_heavy_fence(int32_t error);

/// Limits the program to that number of bytes of addresses, or of private memory, touched or not; returns false where
/// it cannot.
bool probe_limit_addresses(int64_t bytes);
bool probe_limit_data(int64_t bytes);

/// Lets the program start no more threads, as that user if it is the superuser's, whom the limit does not bind.
bool probe_limit_threads(int32_t user);

/// Opens descriptors of the kinds that a runtime has: queues, bells and pipes. Later: whether all are as they were, and
/// still work.
bool probe_open_others(void);
bool probe_others_are_untouched(void);

/// Ends the program with status 99 after some seconds, and says what it has waited for until then.
void probe_end_after(uint32_t seconds, const char *what);

#endif
