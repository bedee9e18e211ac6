// SPDX-License-Identifier: Apache-2.0
//
// What the two switches, and the laying of a stack, have in common. Rules:
// W1. A saved context lies at the stored stack pointer, in the one shape that its `switch_*.S` and `stack_lay.c` give
//     it. Both sides of a switch have that shape, so one unwind rule serves before and after the stacks change.
// W2. What is saved lies at or above the stack pointer at all times, since a signal may arrive between any two
//     instructions and its frame goes below.
// W3. The end of `joist_switch` is an indirect jump: the return predictor knows nothing of other stacks. The end of
//     `joist_switch_alike` is a return. Its callers have been called alike, so what the predictor knows of this stack
//     holds for the other, down to where the two bodies differ; a jump would leave it off by one for all of them.
// W4. A control word is loaded only if it differs from the one in force in what a callee is to keep: loading another
//     value takes a hundred nanoseconds on some processors, and one process that has rounded differs in that from
//     another that has not.
#ifndef JOIST_SWITCH_H
#define JOIST_SWITCH_H

#include "sanitizer.h"

// The names are those of the functions around them then (W26).
#if defined(JOIST_HAS_FIBRES)
#define joist_switch joist_switch_plain
#define joist_switch_alike joist_switch_alike_plain
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
