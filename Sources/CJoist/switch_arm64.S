// SPDX-License-Identifier: Apache-2.0
//
// The switch between stacks on ARM64, and where a laid stack begins (rules in switch.h). A saved context has 176 bytes:
// x19 to x30 at 0, d8 to d15 at 96, FPCR at 160, and 8 unused bytes (W1). x18 belongs to the platform. Under
// ThreadSanitizer the 8 bytes hold the fiber, which is a third argument (W26).
#include "switch.h"

#if defined(__aarch64__)

  .text

// Saves the registers, changes stacks, and loads all registers. Afterwards x30 is the address to resume at.
  .macro change_stacks
  sub sp, sp, #176
  .cfi_def_cfa_offset 176
  stp x19, x20, [sp, #0]
  .cfi_offset x19, -176
  .cfi_offset x20, -168
  stp x21, x22, [sp, #16]
  .cfi_offset x21, -160
  .cfi_offset x22, -152
  stp x23, x24, [sp, #32]
  .cfi_offset x23, -144
  .cfi_offset x24, -136
  stp x25, x26, [sp, #48]
  .cfi_offset x25, -128
  .cfi_offset x26, -120
  stp x27, x28, [sp, #64]
  .cfi_offset x27, -112
  .cfi_offset x28, -104
  stp x29, x30, [sp, #80]
  .cfi_offset x29, -96
  .cfi_offset x30, -88
  stp d8, d9, [sp, #96]
  .cfi_offset d8, -80
  .cfi_offset d9, -72
  stp d10, d11, [sp, #112]
  .cfi_offset d10, -64
  .cfi_offset d11, -56
  stp d12, d13, [sp, #128]
  .cfi_offset d12, -48
  .cfi_offset d13, -40
  stp d14, d15, [sp, #144]
  .cfi_offset d14, -32
  .cfi_offset d15, -24
  mrs x9, fpcr
  str x9, [sp, #160]
#if defined(JOIST_HAS_FIBERS)
  str x2, [sp, #JOIST_FIBER_AT]
#endif
  mov x10, sp
  str x10, [x0]

  // The other stack, of the same shape, is in use from here on; its pointer moves up last (W2).
  mov sp, x1
  ldr x10, [sp, #160]
  ldp x29, x30, [sp, #80]
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  cmp x9, x10  // (W4)
  b.eq 1f
  msr fpcr, x10
1:
  add sp, sp, #176
  .cfi_restore_state
  .endm

  .globl SYMBOL(joist_switch)
  .p2align 5
  FUNCTION(joist_switch)
// void joist_switch(void **save [x0], void *load [x1])
SYMBOL(joist_switch):
  .cfi_startproc
  .cfi_remember_state
  change_stacks
  br x30  // (W3)
  .cfi_endproc
  END(joist_switch)

  .globl SYMBOL(joist_switch_alike)
  .p2align 5
  FUNCTION(joist_switch_alike)
// void joist_switch_alike(void **save [x0], void *load [x1])
SYMBOL(joist_switch_alike):
  .cfi_startproc
  .cfi_remember_state
  change_stacks
  ret  // (W3)
  .cfi_endproc
  END(joist_switch_alike)

// Where a laid context resumes: x19 is the entry and x20 its argument. It has no caller, so every unwind ends here.
  .globl SYMBOL(joist_stack_begin)
  HIDDEN(joist_stack_begin)
  .p2align 4
  FUNCTION(joist_stack_begin)
SYMBOL(joist_stack_begin):
  .cfi_startproc
  .cfi_undefined x30
  nop  // skipped (W5)
  mov x0, x20
  blr x19
  brk #1
  .cfi_endproc
  END(joist_stack_begin)

// Where a library returns after it has finished on a stack that had overflowed; see fault.c (W20).
  .globl SYMBOL(joist_fault_landing)
  HIDDEN(joist_fault_landing)
  .p2align 4
  FUNCTION(joist_fault_landing)
SYMBOL(joist_fault_landing):
  .cfi_startproc
  .cfi_undefined x30
  mov x29, #0
  bl SYMBOL(joist_fault_landed)
  brk #1
  .cfi_endproc
  END(joist_fault_landing)

#endif

NO_EXECUTABLE_STACK
