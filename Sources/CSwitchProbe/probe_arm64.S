// SPDX-License-Identifier: Apache-2.0
//
// Checks registers across a switch, and at the first instruction of a laid context, on ARM64.
#include "probe.h"

#if defined(__aarch64__)

  .macro fill number, register
  add \register, x2, #\number
  .endm

  .macro fill_floating number, register
  add x9, x2, #\number
  fmov \register, x9
  .endm

  .macro compare number, register
  add x9, x2, #\number
  cmp \register, x9
  cset x9, ne
  lsl x9, x9, #(\number - 1)
  orr x0, x0, x9
  .endm

  .macro compare_floating number, register
  fmov x10, \register
  compare \number, x10
  .endm

// Saves the caller's registers and the pattern, and fills all these registers from the pattern.
  .macro save_and_fill
  stp x29, x30, [sp, #-176]!
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  str x2, [sp, #160]
  fill 1, x19
  fill 2, x20
  fill 3, x21
  fill 4, x22
  fill 5, x23
  fill 6, x24
  fill 7, x25
  fill 8, x26
  fill 9, x27
  fill 10, x28
  fill 11, x29
  fill_floating 12, d8
  fill_floating 13, d9
  fill_floating 14, d10
  fill_floating 15, d11
  fill_floating 16, d12
  fill_floating 17, d13
  fill_floating 18, d14
  fill_floating 19, d15
  .endm

// Sets a bit of the result for each register that changed, and restores the caller's registers.
  .macro compare_and_restore
  ldr x2, [sp, #160]
  mov x0, #0
  compare 1, x19
  compare 2, x20
  compare 3, x21
  compare 4, x22
  compare 5, x23
  compare 6, x24
  compare 7, x25
  compare 8, x26
  compare 9, x27
  compare 10, x28
  compare 11, x29
  compare_floating 12, d8
  compare_floating 13, d9
  compare_floating 14, d10
  compare_floating 15, d11
  compare_floating 16, d12
  compare_floating 17, d13
  compare_floating 18, d14
  compare_floating 19, d15
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  ldp x29, x30, [sp], #176
  .endm

  .text
  .globl SYMBOL(probe_registers_across)
  .p2align 4
SYMBOL(probe_registers_across):
  save_and_fill
  bl SYMBOL(joist_switch)
  compare_and_restore
  ret

  .globl SYMBOL(probe_registers_around)
  .p2align 4
SYMBOL(probe_registers_around):
  save_and_fill
  mov x9, x0
  mov x0, x1
  blr x9
  compare_and_restore
  ret

// The entry of a laid context. It stores the stack and frame pointers in the first two words of the argument. The third
// word is where the switch back saves this context, and the fourth is the stack pointer that the switch loads.
  .globl SYMBOL(probe_enter)
  .p2align 4
SYMBOL(probe_enter):
  mov x9, sp
  str x9, [x0]
  str x29, [x0, #8]
  ldr x1, [x0, #24]
  add x0, x0, #16
  bl SYMBOL(joist_switch)
  brk #1

#endif

NO_EXECUTABLE_STACK
