// SPDX-License-Identifier: Apache-2.0
//
// Checks registers across a switch, and at the first instruction of a laid context, on x86-64.
#include "probe.h"

#if defined(__x86_64__)

  .macro fill number, register
  leaq \number(%rdx), %\register
  .endm

  .macro compare number, register
  leaq \number(%rdx), %rcx
  xorl %esi, %esi
  cmpq %rcx, %\register
  setne %sil
  shll $(\number - 1), %esi
  orl %esi, %eax
  .endm

// Saves the caller's registers and the pattern, and fills all these registers from the pattern.
  .macro save_and_fill
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  pushq %rdx
  fill 1, rbx
  fill 2, rbp
  fill 3, r12
  fill 4, r13
  fill 5, r14
  fill 6, r15
  .endm

// Sets a bit of the result for each register that changed, and restores the caller's registers.
  .macro compare_and_restore
  popq %rdx
  xorl %eax, %eax
  compare 1, rbx
  compare 2, rbp
  compare 3, r12
  compare 4, r13
  compare 5, r14
  compare 6, r15
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  .endm

  .text
  .globl SYMBOL(probe_registers_across)
  .p2align 4
SYMBOL(probe_registers_across):
  save_and_fill
  callq SYMBOL(joist_switch)
  compare_and_restore
  ret

  .globl SYMBOL(probe_registers_around)
  .p2align 4
SYMBOL(probe_registers_around):
  save_and_fill
  movq %rdi, %rax
  movq %rsi, %rdi
  callq *%rax
  compare_and_restore
  ret

// The entry of a laid context. It stores the stack and frame pointers in the first two words of the argument. The third
// word is where the switch back saves this context, and the fourth is the stack pointer that the switch loads.
  .globl SYMBOL(probe_enter)
  .p2align 4
SYMBOL(probe_enter):
  movq %rsp, (%rdi)
  movq %rbp, 8(%rdi)
  movq 24(%rdi), %rsi
  leaq 16(%rdi), %rdi
  callq SYMBOL(joist_switch)
  ud2

#endif

NO_EXECUTABLE_STACK
