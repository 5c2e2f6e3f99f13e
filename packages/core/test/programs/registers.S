/* hold_sse, hold_avx, hold_avx512 (struct held *): see registers.h, which has these offsets as a struct. */
.set VECTORS_IN,   0
.set VECTORS_OUT,  2048
.set MASKS_IN,     4096
.set MASKS_OUT,    4160
.set X87_IN,       4224
.set X87_OUT,      4352
.set GENERAL_IN,   4480
.set GENERAL_OUT,  4592
.set PRESERVED,    4704
.set SPINS,        4784
.set SLEEP,        4792
.set MXCSR_IN,     4808
.set MXCSR_OUT,    4812
.set CONTROL_IN,   4816
.set CONTROL_OUT,  4818
.set CARRY,        4820
.set CARRY_CALL,   4821

.macro each16 instruction, register, offset, step, load
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    .if \load
      \instruction \offset+\n*\step(%rdi), %\register\n
    .else
      \instruction %\register\n, \offset+\n*\step(%rcx)
    .endif
  .endr
.endm

.macro each_upper16 instruction, register, offset, step, load
  .irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .if \load
      \instruction \offset+\n*\step(%rdi), %\register\n
    .else
      \instruction %\register\n, \offset+\n*\step(%rcx)
    .endif
  .endr
.endm

.macro each_mask offset, load
  .irp n, 0,1,2,3,4,5,6,7
    .if \load
      kmovq \offset+\n*8(%rdi), %k\n
    .else
      kmovq %k\n, \offset+\n*8(%rcx)
    .endif
  .endr
.endm

.macro hold name, width
.globl \name
.type \name, @function
\name:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  sub $24, %rsp
  mov %rdi, (%rsp)
  stmxcsr 8(%rsp)
  fnstcw 12(%rsp)

  .if \width == 16
    each16 movups, xmm, VECTORS_IN, 64, 1
  .elseif \width == 32
    each16 vmovups, ymm, VECTORS_IN, 64, 1
  .else
    each16 vmovups, zmm, VECTORS_IN, 64, 1
    each_upper16 vmovups, zmm, VECTORS_IN, 64, 1
    each_mask MASKS_IN, 1
  .endif
  ldmxcsr MXCSR_IN(%rdi)
  fninit
  fldcw CONTROL_IN(%rdi)
  .irp n, 7,6,5,4,3,2,1,0
    fldt X87_IN+\n*16(%rdi)
  .endr

  mov SPINS(%rdi), %rcx
  mov GENERAL_IN+0(%rdi), %rbx
  mov GENERAL_IN+8(%rdi), %rdx
  mov GENERAL_IN+16(%rdi), %rbp
  mov GENERAL_IN+24(%rdi), %r8
  mov GENERAL_IN+32(%rdi), %r9
  mov GENERAL_IN+40(%rdi), %r10
  mov GENERAL_IN+48(%rdi), %r12
  mov GENERAL_IN+56(%rdi), %r13
  mov GENERAL_IN+64(%rdi), %r14
  mov GENERAL_IN+72(%rdi), %r15
  mov GENERAL_IN+80(%rdi), %rax
  mov GENERAL_IN+88(%rdi), %rsi
  mov GENERAL_IN+96(%rdi), %r11
  mov GENERAL_IN+104(%rdi), %rdi
  stc
1:
  dec %rcx                      /* leaves the carry flag alone */
  jnz 1b
  mov (%rsp), %rcx
  mov %rbx, GENERAL_OUT+0(%rcx)
  mov %rdx, GENERAL_OUT+8(%rcx)
  mov %rbp, GENERAL_OUT+16(%rcx)
  mov %r8, GENERAL_OUT+24(%rcx)
  mov %r9, GENERAL_OUT+32(%rcx)
  mov %r10, GENERAL_OUT+40(%rcx)
  mov %r12, GENERAL_OUT+48(%rcx)
  mov %r13, GENERAL_OUT+56(%rcx)
  mov %r14, GENERAL_OUT+64(%rcx)
  mov %r15, GENERAL_OUT+72(%rcx)
  mov %rax, GENERAL_OUT+80(%rcx)
  mov %rsi, GENERAL_OUT+88(%rcx)
  mov %r11, GENERAL_OUT+96(%rcx)
  mov %rdi, GENERAL_OUT+104(%rcx)
  setc CARRY(%rcx)

  lea SLEEP(%rcx), %rdi
  mov $0, %esi
  mov $35, %eax                 /* nanosleep */
  stc
  syscall
  mov (%rsp), %rcx
  setc CARRY_CALL(%rcx)
  mov %rbx, PRESERVED+0(%rcx)
  mov %rdx, PRESERVED+8(%rcx)
  mov %rbp, PRESERVED+16(%rcx)
  mov %r8, PRESERVED+24(%rcx)
  mov %r9, PRESERVED+32(%rcx)
  mov %r10, PRESERVED+40(%rcx)
  mov %r12, PRESERVED+48(%rcx)
  mov %r13, PRESERVED+56(%rcx)
  mov %r14, PRESERVED+64(%rcx)
  mov %r15, PRESERVED+72(%rcx)

  stmxcsr MXCSR_OUT(%rcx)
  fnstcw CONTROL_OUT(%rcx)
  .irp n, 0,1,2,3,4,5,6,7
    fstpt X87_OUT+\n*16(%rcx)
  .endr
  .if \width == 16
    each16 movups, xmm, VECTORS_OUT, 64, 0
  .elseif \width == 32
    each16 vmovups, ymm, VECTORS_OUT, 64, 0
    vzeroupper
  .else
    each16 vmovups, zmm, VECTORS_OUT, 64, 0
    each_upper16 vmovups, zmm, VECTORS_OUT, 64, 0
    each_mask MASKS_OUT, 0
    vzeroupper
  .endif

  fninit
  fldcw 12(%rsp)
  ldmxcsr 8(%rsp)
  add $24, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
.size \name, .-\name
.endm

.text
hold hold_sse, 16
hold hold_avx, 32
hold hold_avx512, 64
.section .note.GNU-stack,"",@progbits
