// SPDX-License-Identifier: Apache-2.0
//
// Destroying a Swift value whose type is known only at run time. Rules:
// W11. The word before a type's metadata points to its value witness table; the witness at 1 is `destroy`. This layout
//      is part of Swift's stable ABI. Noncopyable types have the witness too: it runs their `deinit`.
#include "CJoist.h"

typedef __attribute__((swiftcall)) void destroy_witness(void *value, const void *metadata);

enum { destroy_index = 1 };  // (W11)

void joist_value_destroy(void *value, const void *metadata) {
  destroy_witness *const *witnesses = ((destroy_witness *const *const *)metadata)[-1];
  witnesses[destroy_index](value, metadata);
}
