// SPDX-License-Identifier: Apache-2.0
//
// Moves and destroys Swift values whose type is known only at run time.
//
// The word before a type's metadata points to its value witness table. The witness at index 1 is `destroy`, the one at
// index 4 `initializeWithTake`. After eight witnesses follow the size, the stride and the flags, of which 0x10000 means
// that destroying a value does something. This layout is part of Swift's stable ABI. Noncopyable types have it, too.
#include "CJoist.h"

typedef __attribute__((swiftcall)) void destroy_witness(void *value, const void *metadata);

typedef __attribute__((swiftcall)) void *take_witness(void *to, void *from, const void *metadata);

enum { destroy_index = 1, take_index = 4, flags_index = 10, is_not_trivial = 0x10000 };

void joist_value_move(void *to, void *from, const void *metadata) {
  take_witness *const *witnesses = ((take_witness *const *const *)metadata)[-1];
  witnesses[take_index](to, from, metadata);
}

void joist_value_destroy(void *value, const void *metadata) {
  destroy_witness *const *witnesses = ((destroy_witness *const *const *)metadata)[-1];
  witnesses[destroy_index](value, metadata);
}

bool joist_value_is_trivial(const void *metadata) {
  const uintptr_t *witnesses = ((const uintptr_t *const *)metadata)[-1];
  return (*(const uint32_t *)(witnesses + flags_index) & is_not_trivial) == 0;
}
