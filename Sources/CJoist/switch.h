// SPDX-License-Identifier: Apache-2.0
//
// Defines what the two switches and the laying of a stack share. Rules:
// W1. A saved context lies at the stored stack pointer. Its one shape is defined by `switch_*.S` and `stack_lay.c`.
//     Both sides of a switch have that shape, so one unwind rule holds before and after the stacks change.
// W2. Saved values lie at or above the stack pointer at all times, because a signal may arrive between any two
//     instructions, and its frame goes below the stack pointer.
// W3. `joist_switch` ends in an indirect jump, because the return predictor knows nothing of other stacks.
//     `joist_switch_alike` ends in a return. The same chain of calls led to it on both stacks, so the predictor's
//     entries for this stack also hold for the other, down to where the two bodies differ. A jump would leave the
//     predictor off by one for all of these calls.
// W4. A control word is loaded only if its control bits, which a callee must preserve, differ from those in force.
//     Loading a different value takes a hundred nanoseconds on some processors. Status bits are not compared: they
//     differ between a process whose arithmetic has rounded and one whose has not.
#ifndef JOIST_SWITCH_H
#define JOIST_SWITCH_H

#include "sanitizer.h"

// Under ThreadSanitizer the functions in sanitizer.c have the public names and call these (W26).
#if defined(JOIST_HAS_FIBERS)
#define joist_switch joist_switch_plain
#define joist_switch_alike joist_switch_alike_plain
#endif

// The offsets, in a saved context, of the frame pointer and of the address at which the code continues (W1), and the
// names of the fields.
#if defined(__x86_64__)
#define JOIST_CONTEXT_FP rbp
#define JOIST_CONTEXT_PC rip
#define JOIST_CONTEXT_FP_AT 48
#if defined(JOIST_HAS_FIBERS)
#define JOIST_CONTEXT_PC_AT 64
#else
#define JOIST_CONTEXT_PC_AT 56
#endif
#else
#define JOIST_CONTEXT_FP x29
#define JOIST_CONTEXT_PC x30
#define JOIST_CONTEXT_FP_AT 80
#define JOIST_CONTEXT_PC_AT 88
#endif

#if defined(__APPLE__)
#define SYMBOL(name) SYMBOL_OF(name)
#define SYMBOL_OF(name) _##name
#define HIDDEN(name) .private_extern _##name
#define FUNCTION(name)
#define END(name)
#define NO_EXECUTABLE_STACK
#else
#define SYMBOL(name) name
#define HIDDEN(name) .hidden name
#define FUNCTION(name) .type name, %function
#define END(name) .size name, . - name
#define NO_EXECUTABLE_STACK .section .note.GNU-stack, "", %progbits
#endif

#endif
