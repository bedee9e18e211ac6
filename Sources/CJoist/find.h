// SPDX-License-Identifier: Apache-2.0
//
// Finding functions that a program may be without (W16). A static library's functions are known to the linker only, a
// library loaded by another one to `dlsym` only. Mach-O's linker refuses an unknown name even if it is weak; there
// `dlsym` finds all.
#ifndef JOIST_FIND_H
#define JOIST_FIND_H

#include <dlfcn.h>

#if defined(__ELF__)
#define WEAK(name) __attribute__((weak)) extern const char name[];
#define FIND(name) (name != NULL ? (void *)name : dlsym(RTLD_DEFAULT, #name))
#else
#define WEAK(name)
#define FIND(name) dlsym(RTLD_DEFAULT, #name)
#endif

#endif
