// SPDX-License-Identifier: Apache-2.0
//
// What the handler asks about the text of Swift's runtime.
#ifndef JOIST_FAULT_TEXT_H
#define JOIST_FAULT_TEXT_H

#include "fault.h"

/// Learns where Swift's runtime keeps its text.
void joist_text_find(void);

/// Whether Swift's runtime is a part of the program itself; false where that cannot be told.
bool joist_text_is_static(void);

/// Whether a fault is of Swift's runtime that has no memory for what it has to say (W46).
bool joist_text_is_missing(const struct joist_fault *fault);

/// Whether any report is there that nobody has claimed.
bool joist_text_is_there(void);

#endif
