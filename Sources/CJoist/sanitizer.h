// SPDX-License-Identifier: Apache-2.0
//
// Whether this build uses ThreadSanitizer, and what the stacks keep for it in addition. Assembly includes this file,
// too. A fiber is what ThreadSanitizer knows one stack by.
#ifndef JOIST_SANITIZER_H
#define JOIST_SANITIZER_H

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define JOIST_HAS_FIBERS 1
#endif
#endif

// The offset of the fiber in a saved context, and the size of the context (W1, W26).
#if defined(JOIST_HAS_FIBERS)
#if defined(__x86_64__)
#define JOIST_FIBER_AT 56
#define JOIST_CONTEXT_BYTES 72
#else
#define JOIST_FIBER_AT 168
#define JOIST_CONTEXT_BYTES 176
#endif
#endif

// The number of words between a laid context and the top of its stack, from the top down: the caller's word, the
// sentinel (W6), and under ThreadSanitizer a word of padding and the fiber, which lies right above the context.
#if defined(JOIST_HAS_FIBERS)
#define JOIST_WORDS_ABOVE 4
#else
#define JOIST_WORDS_ABOVE 2
#endif

#if !defined(__ASSEMBLER__)

#include <stddef.h>

/// Gives a context that was just laid on the current stack the fiber of this stack.
void joist_fiber_keep(void *context);

/// Destroys the fiber of a stack whose frames will never be resumed.
void joist_fiber_end(void *top);

#if !defined(JOIST_HAS_FIBERS)
#define joist_fiber_keep(context) ((void)(context))
#define joist_fiber_end(top) ((void)(top))
#endif

#endif
#endif
