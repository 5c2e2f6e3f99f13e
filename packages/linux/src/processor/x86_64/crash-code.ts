import { assemble, imm32, imm64, type Line, type Machine } from './assemble.ts';

/**
 * Where in its memory the handler finds what it needs, in bytes from the start. Numbers and addresses are little-endian:
 * 4 bytes for `current`, exit codes and descriptors, 8 for addresses and lengths.
 */
export const crashLayout = {
  /** The address of the action that SIGSEGV had; 0: the default one. */
  previous: 0x0,
  /** Where the slot is that counts now; 0: nothing is to be said. */
  current: 0x8,
  /** By number of the signal: address and length of its name. */
  names: 0x40,
  nameLength: 16,
  /** The text of the names themselves. */
  nameTexts: 0x300,
  /** Two slots, so that one is complete while the other is written. */
  slots: [0x1000, 0x2000],
  /** In a slot: the exit code (negative: none, the signal ends the process), then one output after the other. */
  exitCode: 0x0,
  outputs: [0x40, 0x80],
  /** In an output: the descriptor (negative: none), then three `struct iovec`. The second is the name of the signal. */
  descriptor: 0x0,
  vectors: 0x8,
  /** The texts of a slot, one behind the other. */
  texts: [0x4000, 0xc000],
  textRoom: 0x4000,
  size: 0x14000,
} as const;

/** struct sigaction of the kernel: handler, flags, restorer and mask, 8 bytes each. arch/x86 asm/signal.h */
export const actionLayout = { handler: 0, flags: 8, restorer: 16, mask: 24, size: 32, maskSize: 8 } as const;

/**
 * A signal handler (`handler`) that makes system calls only, and the way back from it (`restorer`), whose bytes debuggers and
 * unwinders know. It keeps: ebx the signal, rbp the memory at `data`, r12 a slot, r14d the exit code.
 */
export function crashLines(data: number): readonly Line[] {
  const { previous, current, names } = crashLayout;
  return [
    'handler:',
    // five of them: rsp is divisible by 16 at the call
    ['push rbx', 0x53],
    ['push rbp', 0x55],
    ['push r12', 0x41, 0x54],
    ['push r13', 0x41, 0x55],
    ['push r14', 0x41, 0x56],
    ['mov ebx,edi', 0x89, 0xfb],
    [`movabs rbp,0x${data.toString(16)}`, 0x48, 0xbd, imm64(data)],

    // whose handler was there for SIGSEGV decides first, with our arguments; it takes itself away if this is no trap of its own
    ['cmp ebx,0xb', 0x83, 0xfb, 0x0b], // SIGSEGV
    ['jne crash', 0x75, { label: 'crash' }],
    [`mov rax,[rbp+0x${previous.toString(16)}]`, 0x48, 0x8b, 0x45, previous],
    ['test rax,rax', 0x48, 0x85, 0xc0],
    ['je crash', 0x74, { label: 'crash' }],
    ['call rax', 0xff, 0xd0],
    ['sub rsp,0x20', 0x48, 0x83, 0xec, actionLayout.size],
    ['mov eax,0xd', 0xb8, imm32(13)], // rt_sigaction
    ['mov edi,ebx', 0x89, 0xdf],
    ['xor esi,esi', 0x31, 0xf6],
    ['mov rdx,rsp', 0x48, 0x89, 0xe2],
    ['mov r10d,0x8', 0x41, 0xba, imm32(actionLayout.maskSize)],
    ['syscall', 0x0f, 0x05],
    ['mov rcx,[rsp]', 0x48, 0x8b, 0x0c, 0x24],
    ['add rsp,0x20', 0x48, 0x83, 0xc4, actionLayout.size],
    ['test rcx,rcx', 0x48, 0x85, 0xc9], // SIG_DFL
    ['jne done', 0x0f, 0x85, { label: 'done', width: 4 }],

    'crash:',
    [`mov r12d,[rbp+0x${current.toString(16)}]`, 0x44, 0x8b, 0x65, current],
    ['test r12d,r12d', 0x45, 0x85, 0xe4],
    ['je die', 0x74, { label: 'die' }],
    ['add r12,rbp', 0x49, 0x01, 0xec],
    ['mov r14d,[r12]', 0x45, 0x8b, 0x34, 0x24],
    ['mov eax,ebx', 0x89, 0xd8],
    ['shl eax,0x4', 0xc1, 0xe0, 0x04],
    [`lea rax,[rbp+rax*1+0x${names.toString(16)}]`, 0x48, 0x8d, 0x44, 0x05, names],
    ['mov r8,[rax]', 0x4c, 0x8b, 0x00],
    ['mov r9,[rax+0x8]', 0x4c, 0x8b, 0x48, 0x08],
    ['mov r13d,0x2', 0x41, 0xbd, imm32(crashLayout.outputs.length)],
    'write:',
    ['add r12,0x40', 0x49, 0x83, 0xc4, 0x40],
    ['mov edi,[r12]', 0x41, 0x8b, 0x3c, 0x24],
    ['mov [r12+0x18],r8', 0x4d, 0x89, 0x44, 0x24, 0x18],
    ['mov [r12+0x20],r9', 0x4d, 0x89, 0x4c, 0x24, 0x20],
    ['lea rsi,[r12+0x8]', 0x49, 0x8d, 0x74, 0x24, crashLayout.vectors],
    ['mov edx,0x3', 0xba, imm32(3)],
    ['mov eax,0x14', 0xb8, imm32(20)], // writev
    ['syscall', 0x0f, 0x05],
    ['dec r13d', 0x41, 0xff, 0xcd],
    ['jne write', 0x75, { label: 'write' }],
    ['test r14d,r14d', 0x45, 0x85, 0xf6],
    ['js die', 0x78, { label: 'die' }],
    ['mov edi,r14d', 0x44, 0x89, 0xf7],
    ['mov eax,0xe7', 0xb8, imm32(231)], // exit_group
    ['syscall', 0x0f, 0x05],

    // SIG_DFL, and the same signal once more: it comes when this handler returns
    'die:',
    ['xor eax,eax', 0x31, 0xc0],
    ['push rax', 0x50],
    ['push rax', 0x50],
    ['push rax', 0x50],
    ['push rax', 0x50],
    ['mov eax,0xd', 0xb8, imm32(13)], // rt_sigaction
    ['mov edi,ebx', 0x89, 0xdf],
    ['mov rsi,rsp', 0x48, 0x89, 0xe6],
    ['xor edx,edx', 0x31, 0xd2],
    ['mov r10d,0x8', 0x41, 0xba, imm32(actionLayout.maskSize)],
    ['syscall', 0x0f, 0x05],
    ['add rsp,0x20', 0x48, 0x83, 0xc4, actionLayout.size],
    ['mov eax,0x27', 0xb8, imm32(39)], // getpid
    ['syscall', 0x0f, 0x05],
    ['mov edi,eax', 0x89, 0xc7],
    ['mov eax,0xba', 0xb8, imm32(186)], // gettid
    ['syscall', 0x0f, 0x05],
    ['mov esi,eax', 0x89, 0xc6],
    ['mov edx,ebx', 0x89, 0xda],
    ['mov eax,0xea', 0xb8, imm32(234)], // tgkill
    ['syscall', 0x0f, 0x05],

    'done:',
    ['pop r14', 0x41, 0x5e],
    ['pop r13', 0x41, 0x5d],
    ['pop r12', 0x41, 0x5c],
    ['pop rbp', 0x5d],
    ['pop rbx', 0x5b],
    ['ret', 0xc3],

    'restorer:',
    ['mov rax,0xf', 0x48, 0xc7, 0xc0, imm32(15)], // rt_sigreturn
    ['syscall', 0x0f, 0x05],
  ];
}

/** Builds the handler over its memory at `data`. */
export function crashCode(data: number): Machine {
  return assemble(crashLines(data));
}
