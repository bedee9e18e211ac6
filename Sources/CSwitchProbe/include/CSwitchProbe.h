// SPDX-License-Identifier: Apache-2.0
//
// What a check of the switch must see and Swift cannot: registers, control words, the first frame of a laid stack.
// For the tests, and for `joist validate`.
#ifndef CSWITCHPROBE_H
#define CSWITCHPROBE_H

#include <stdbool.h>
#include <stdint.h>

/// Fills every callee-saved register (those of floating point, too) with values made from the pattern, switches, and
/// compares when it is switched back to. A bit is set for each register that changed.
uint64_t probe_registers_across(void *_Nullable *_Nonnull save, void *_Nonnull load, uint64_t pattern);

/// The same around a call, which may switch and come back on another thread.
uint64_t probe_registers_around(void (*_Nonnull body)(void *_Nonnull), void *_Nonnull argument, uint64_t pattern);

struct probe_registers {
  /// Registers that changed on this stack, and on the other, in any round.
  uint64_t here, there;
  /// How often the other stack was gone on with.
  int32_t rounds;
};

/// Both sides of a switch at once, each with a pattern of its own.
struct probe_registers probe_registers_on_both_sides(uint64_t here, uint64_t there, int32_t rounds);

struct probe_first_frame {
  /// At the first instruction of the entry, as they are and as they ought to be.
  uintptr_t stack_pointer, expected_stack_pointer;
  uintptr_t frame_pointer;
  /// Whether the entry's argument is the one that was laid.
  bool argument_holds;
  /// How many bytes below the top were written to by laying.
  int32_t bytes_laid;
};

struct probe_first_frame probe_first_frame(void);

/// How many frames an unwinder finds from the function that a laid context calls; negative if it does not end well.
int32_t probe_frames_to_the_end(void);

/// The floating-point control words in force, without status flags.
uint64_t probe_controls(void);

/// Sets a rounding mode (0…3, as the processor numbers them) in all units; the control words then.
uint64_t probe_round(int32_t mode);

/// Control words as seen on two stacks in turn; each stack sets rounding modes of its own in all units.
struct probe_rounding {
  /// The controls of the thread at first, and on the other stack at its start.
  uint64_t usual, inherited;
  /// Of the other stack, which rounds down: before it switches and after.
  uint64_t down, down_again;
  /// Of this stack: after the other has set its own; then it rounds up; after the other has run again.
  uint64_t usual_again, up, up_again;
};

struct probe_rounding probe_rounding(void);

/// Lays a stack, changes one byte so far below its top (0: none), and asks whether the sentinel holds.
bool probe_sentinel_holds(int32_t changed_below_top);

/// Runs the body on a new OS thread and returns when that has ended.
void probe_on_thread(void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);

#endif
