// SPDX-License-Identifier: Apache-2.0
//
// The names of symbols in the two formats of object files.
#ifndef PROBE_H
#define PROBE_H

#if defined(__APPLE__)
#define SYMBOL(name) _##name
#define NO_EXECUTABLE_STACK
#else
#define SYMBOL(name) name
#define NO_EXECUTABLE_STACK .section .note.GNU-stack, "", %progbits
#endif

#endif
