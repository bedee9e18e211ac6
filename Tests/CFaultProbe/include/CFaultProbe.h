// SPDX-License-Identifier: Apache-2.0
//
// Provokes the faults, the shortages and the misuse that tests need and Swift cannot cause.
#ifndef CFAULTPROBE_H
#define CFAULTPROBE_H

#include <stdbool.h>
#include <stdint.h>

/// Executes the compiler's trap instruction.
void probe_trap(void);

/// Divides `a` by `b` without checking `b`; faults if it is zero.
int32_t probe_divide(int32_t a, int32_t b);

/// Calls `abort`.
void probe_abort(void);

/// Writes to an address that is not mapped.
void probe_write_wildly(void);

/// Frees an address that malloc never returned.
void probe_free_wildly(void);

/// Fails an assertion of C.
void probe_assert(void);

/// Executes bytes that are not a valid instruction.
void probe_execute_nonsense(void);

/// Allocates the given number of bytes on the stack in one frame and writes to the lowest.
int32_t probe_take_stack(int64_t bytes);

/// Returns the number of resident bytes among the whole pages in the given number of bytes below an address.
int64_t probe_resident_below(uintptr_t address, int64_t bytes);

/// Returns the number of allocations that this thread has requested; negative where they are not counted.
int64_t probe_malloc_calls(void);

/// Returns how many of these it requested while it held a spin lock of the runtime; known only in debug builds.
int64_t probe_malloc_calls_under_locks(void);

/// Makes the `number`-th allocation of this thread from now on fail, once; with zero, makes none fail. Returns the
/// number that remained of the previous request, which is zero if that one has failed.
int64_t probe_fail_malloc(int64_t number);

/// Makes every allocation of every thread fail from now on, or lets all succeed again.
void probe_fail_malloc_for_ever(bool fails);

/// Returns the number of bytes that are allocated with malloc; negative where malloc does not tell.
int64_t probe_malloc_bytes(void);

/// Makes this thread round upwards from now on; returns whether it does.
void probe_round_upwards(void);
bool probe_rounds_upwards(void);

/// Installs a handler, as another library might, that counts a signal, passes none on, and ends the program with status
/// 40 plus the count; returns the count.
void probe_install_counter(int32_t signal);
int32_t probe_counted(void);

/// Raises a signal whose handler executes the compiler's trap instruction while the signal `blocked` is blocked, too.
void probe_crash_in_handler(int32_t signal, int32_t blocked);

/// Blocks a signal for this thread, or with zero unblocks all; returns whether a signal is blocked.
void probe_block(int32_t signal);
bool probe_is_blocked(int32_t signal);

/// Calls `fork`, which Swift does not offer everywhere; calls `waitpid` and returns the status.
int32_t probe_fork(void);
int32_t probe_wait(int32_t child);

/// Replaces this program by the one at the path.
void probe_execute(const char *path);

/// Writes one byte to a descriptor.
void probe_write_byte(int32_t descriptor);

/// Makes the system refuse the heavy fence (`membarrier`) from now on, on every thread, with the given error number.
/// Returns false where that is not possible.
bool probe_forbid_heavy_fence(int32_t error);

/// Limits the address space of the program, or its private memory (touched or not), to the given number of bytes.
/// Returns false where that is not possible.
bool probe_limit_addresses(int64_t bytes);
bool probe_limit_data(int64_t bytes);

/// Prevents the program from starting more threads. The limit does not bind the superuser, so a program of the
/// superuser becomes the given user first. Returns false where that is not possible.
bool probe_limit_threads(int32_t user);

/// Opens descriptors of the kinds that a runtime uses: queues, bells and pipes; returns later whether they are
/// untouched and still work.
bool probe_open_others(void);
bool probe_others_are_untouched(void);

/// Ends the program with status 99 after the given number of seconds, and prints `what`, which it has waited for.
void probe_end_after(uint32_t seconds, const char *what);

#endif
