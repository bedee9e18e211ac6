// SPDX-License-Identifier: Apache-2.0
//
// Shows what a check of the switch must see and Swift cannot: registers, control words, and the first frame of a laid
// stack. Used by the tests and by `joist validate`.
#ifndef CSWITCHPROBE_H
#define CSWITCHPROBE_H

#include <stdbool.h>
#include <stdint.h>

/// Fills every callee-saved register, including the floating-point ones, with values derived from the pattern,
/// switches, and compares the registers when it is resumed. Returns a bit for each register that changed.
uint64_t probe_registers_across(void *_Nullable *_Nonnull save, void *_Nonnull load, uint64_t pattern);

/// Does the same around a call of `body`, which may switch and return on another thread.
uint64_t probe_registers_around(void (*_Nonnull body)(void *_Nonnull), void *_Nonnull argument, uint64_t pattern);

/// The result of `probe_registers_on_both_sides`.
struct probe_registers {
  /// A bit for each register that changed in any round, on this stack and on the other.
  uint64_t here, there;
  /// The number of times that the other stack was resumed.
  int32_t rounds;
};

/// Compares the registers on both sides of a switch, each side with a pattern of its own, for `rounds` rounds.
struct probe_registers probe_registers_on_both_sides(uint64_t here, uint64_t there, int32_t rounds);

/// The state at the first instruction of a laid context's entry.
struct probe_first_frame {
  /// The stack pointer, and what it should be.
  uintptr_t stack_pointer, expected_stack_pointer;
  uintptr_t frame_pointer;
  /// Whether the entry got the argument that was laid.
  bool argument_holds;
  /// The distance below the top, in bytes, of the lowest byte that laying wrote.
  int32_t bytes_laid;
};

/// Lays a stack, switches to it, and returns the state at the entry.
struct probe_first_frame probe_first_frame(void);

/// Returns the number of frames that an unwinder finds from the function that a laid context calls; negative if the
/// unwinder does not reach the end of the stack.
int32_t probe_frames_to_the_end(void);

/// Returns the floating-point control words in force, without status flags.
uint64_t probe_controls(void);

/// Sets a rounding mode (0…3, as the processor numbers them) in all units. Returns the resulting control words.
uint64_t probe_round(int32_t mode);

/// The control words seen on two stacks in turn. Each stack sets rounding modes of its own in all units.
struct probe_rounding {
  /// Those of the thread at first, and those of the other stack at its start.
  uint64_t usual, inherited;
  /// Those of the other stack, which rounds down, before it switches and after.
  uint64_t down, down_again;
  /// Those of this stack after the other has set its own, then after this one rounds up, and after the other has run
  /// again.
  uint64_t usual_again, up, up_again;
};

/// Runs two stacks in turn and returns the control words that each sees.
struct probe_rounding probe_rounding(void);

/// Lays a stack, changes the byte at the given distance below its top (0: none), and returns whether the sentinel is
/// still intact.
bool probe_sentinel_holds(int32_t changed_below_top);

/// Runs the body on a new OS thread and returns when that thread has ended.
void probe_on_thread(void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);

#endif
