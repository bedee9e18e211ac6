// SPDX-License-Identifier: Apache-2.0
//
// Finds functions that a program may lack (W16). Functions of a static library are known only to the linker. Functions
// of a library that another library loaded are known only to `dlsym`. The linker of Mach-O rejects an unknown name even
// if it is weak; there `dlsym` finds all of them.
//
// `WEAK` declares a function that `FIND` looks up; the result is null if the program lacks it. `FIND` takes the
// loader's lock.
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
