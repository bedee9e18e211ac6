// SPDX-License-Identifier: Apache-2.0
//
// Whether ThreadSanitizer watches this build, and what the stacks have more for it then. Assembly reads this, too.
#ifndef JOIST_SANITIZER_H
#define JOIST_SANITIZER_H

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define JOIST_HAS_FIBRES 1
#endif
#endif

// Where a saved context has its fibre, and how large it is (W1, W26).
#if defined(JOIST_HAS_FIBRES)
#if defined(__x86_64__)
#define JOIST_FIBRE_AT 56
#define JOIST_CONTEXT_BYTES 72
#else
#define JOIST_FIBRE_AT 168
#define JOIST_CONTEXT_BYTES 176
#endif
#endif

// Words between a laid context and the top of its stack: the caller's, the sentinel (W6), and under ThreadSanitizer one
// that aligns and the fibre, lowest, so that it lies right above the context.
#if defined(JOIST_HAS_FIBRES)
#define JOIST_WORDS_ABOVE 4
#else
#define JOIST_WORDS_ABOVE 2
#endif

#if !defined(__ASSEMBLER__)

#include <stddef.h>

/// A context that was just laid goes on with the fibre of the stack that runs, which is the same stack.
void joist_fibre_keep(void *context);

/// Forgets the fibre of a stack that nobody goes back to.
void joist_fibre_end(void *top);

#if !defined(JOIST_HAS_FIBRES)
#define joist_fibre_keep(context) ((void)(context))
#define joist_fibre_end(top) ((void)(top))
#endif

#endif
#endif
