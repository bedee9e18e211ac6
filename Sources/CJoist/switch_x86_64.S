// SPDX-License-Identifier: Apache-2.0
//
// The switch between stacks on x86-64, and where a laid stack begins (rules in switch.h). A saved context has 64 bytes:
// mxcsr at 0, the x87 control word at 4, then r12, r13, r14, r15, rbx, rbp, and the return address at 56 (W1). Under
// ThreadSanitizer the fiber, a third argument, lies below the return address, which is then at 64 (W26).
#include "switch.h"

#if defined(__x86_64__)

#if defined(JOIST_HAS_FIBERS)
#define RETURN_AT 64
#else
#define RETURN_AT 56
#endif

  .text

// Saves the registers, changes stacks, and loads all registers. Afterwards rdx is the address to resume at, which also
// lies at RETURN_AT(%rsp).
  .macro change_stacks
  leaq -RETURN_AT(%rsp), %rsp
  .cfi_def_cfa_offset RETURN_AT + 8
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %r12, 8(%rsp)
  .cfi_offset %r12, -RETURN_AT
  movq %r13, 16(%rsp)
  .cfi_offset %r13, 8 - RETURN_AT
  movq %r14, 24(%rsp)
  .cfi_offset %r14, 16 - RETURN_AT
  movq %r15, 32(%rsp)
  .cfi_offset %r15, 24 - RETURN_AT
  movq %rbx, 40(%rsp)
  .cfi_offset %rbx, 32 - RETURN_AT
  movq %rbp, 48(%rsp)
  .cfi_offset %rbp, 4-RETURN_AT
#if defined(JOIST_HAS_FIBERS)
  movq %rdx, JOIST_FIBER_AT(%rsp)
#endif
  movl (%rsp), %ecx
  movzwl 4(%rsp), %eax
  movq %rsp, (%rdi)

  // The other stack, of the same shape, is in use from here on; its pointer moves up last (W2).
  movq %rsi, %rsp
  movq RETURN_AT(%rsp), %rdx
  // The lowest six bits of mxcsr are status flags, which no code may rely on across a call (W4).
  xorl (%rsp), %ecx
  testl $0xffc0, %ecx
  je 1f
  ldmxcsr (%rsp)
1:
  cmpw 4(%rsp), %ax
  je 2f
  fldcw 4(%rsp)
2:
  movq 8(%rsp), %r12
  movq 16(%rsp), %r13
  movq 24(%rsp), %r14
  movq 32(%rsp), %r15
  movq 40(%rsp), %rbx
  movq 48(%rsp), %rbp
  .cfi_restore %r12
  .cfi_restore %r13
  .cfi_restore %r14
  .cfi_restore %r15
  .cfi_restore %rbx
  .cfi_restore %rbp
  .endm

  .globl SYMBOL(joist_switch)
  .p2align 5
  FUNCTION(joist_switch)
// void joist_switch(void **save [rdi], void *load [rsi])
SYMBOL(joist_switch):
  .cfi_startproc
  change_stacks
  leaq RETURN_AT + 8(%rsp), %rsp
  .cfi_def_cfa_offset 0
  .cfi_register %rip, %rdx
  jmpq *%rdx  // (W3)
  .cfi_endproc
  END(joist_switch)

  .globl SYMBOL(joist_switch_alike)
  .p2align 5
  FUNCTION(joist_switch_alike)
// void joist_switch_alike(void **save [rdi], void *load [rsi])
SYMBOL(joist_switch_alike):
  .cfi_startproc
  change_stacks
  leaq RETURN_AT(%rsp), %rsp
  .cfi_def_cfa_offset 8
  ret  // (W3)
  .cfi_endproc
  END(joist_switch_alike)

// Where a laid context resumes: r12 is the entry and r13 its argument. It has no caller, so every unwind ends here.
  .globl SYMBOL(joist_stack_begin)
  HIDDEN(joist_stack_begin)
  .p2align 4
  FUNCTION(joist_stack_begin)
SYMBOL(joist_stack_begin):
  .cfi_startproc
  .cfi_undefined %rip
  nop  // skipped (W5)
  movq %r13, %rdi
  callq *%r12
  ud2
  .cfi_endproc
  END(joist_stack_begin)

// Where a library returns after it has finished on a stack that had overflowed; see fault.c (W20).
  .globl SYMBOL(joist_fault_landing)
  HIDDEN(joist_fault_landing)
  .p2align 4
  FUNCTION(joist_fault_landing)
SYMBOL(joist_fault_landing):
  .cfi_startproc
  .cfi_undefined %rip
  andq $-16, %rsp
  xorl %ebp, %ebp
  callq SYMBOL(joist_fault_landed)
  ud2
  .cfi_endproc
  END(joist_fault_landing)

#endif

NO_EXECUTABLE_STACK
