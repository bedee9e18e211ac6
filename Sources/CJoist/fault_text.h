// SPDX-License-Identifier: Apache-2.0
//
// What the handler of faults asks about the messages that Swift's runtime prints before it dies. Everything but
// `joist_text_find` may be called in a signal handler.
#ifndef JOIST_FAULT_TEXT_H
#define JOIST_FAULT_TEXT_H

#include "fault.h"

/// Finds where Swift's runtime keeps its messages. Takes the loader's lock.
void joist_text_find(void);

/// Returns whether Swift's runtime is linked into the program itself; false where that cannot be told.
bool joist_text_is_static(void);

/// Returns whether a fault arose in Swift's runtime because it had no memory for its message (W46).
bool joist_text_is_missing(const struct joist_fault *fault);

/// Returns whether there is a message that no crash has claimed.
bool joist_text_is_there(void);

#endif
