import { imm32, imm64, type Line } from './assemble.ts';
import { entryLines } from './blob.ts';

/** Descriptors of the guard: it is told through the first and answers through the second. */
export const guardDescriptor = { order: 3, verdict: 4 } as const;
/** Bytes of a verdict: `y` or `n`, then a number of 4 bytes, little-endian. */
export const guardVerdictLength = 5;

/** Addresses of what the code works on. */
export interface GuardLayout {
  readonly prepare: number;
  readonly prepareCount: number;
  /** What the last of these calls answers where it is an order. */
  readonly order: number;
  /** Made where it answers with less, but not 0. */
  readonly otherwise: number;
  readonly otherwiseCount: number;
  readonly commit: number;
  /** Calls of its table up to and with the one that commits. */
  readonly commitCount: number;
  readonly expect: bigint;
  readonly thenCount: number;
  readonly verdict: number;
}

/**
 * The guard's code. `run` makes r13d calls of the table at r12 and leaves r12 behind it, the last result in rax, the
 * number of failures in ebx.
 */
export function guardLines(layout: GuardLayout): readonly Line[] {
  const hexOf = (value: bigint | number): string => `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
  return [
    // the last call of the first table waits for the order, or asks how far its owner came: bytes, or the end of the pipe
    [`movabs r12,${hexOf(layout.prepare)}`, 0x49, 0xbc, imm64(layout.prepare)],
    [`mov r13d,${hexOf(layout.prepareCount)}`, 0x41, 0xbd, imm32(layout.prepareCount)],
    ['call run', 0xe8, { label: 'run', width: 4 }],
    [`cmp rax,${hexOf(layout.order)}`, 0x48, 0x83, 0xf8, layout.order],
    ['je commit', 0x74, { label: 'commit' }],
    ['test rax,rax', 0x48, 0x85, 0xc0],
    ['jle through', 0x7e, { label: 'through' }],
    [`movabs r12,${hexOf(layout.otherwise)}`, 0x49, 0xbc, imm64(layout.otherwise)],
    [`mov r13d,${hexOf(layout.otherwiseCount)}`, 0x41, 0xbd, imm32(layout.otherwiseCount)],
    ['call run', 0xe8, { label: 'run', width: 4 }],
    'through:',
    ['xor edi,edi', 0x31, 0xff],
    ['jmp exit', 0xe9, { label: 'exit', width: 4 }],

    'commit:',

    [`movabs r12,${hexOf(layout.commit)}`, 0x49, 0xbc, imm64(layout.commit)],
    [`mov r13d,${hexOf(layout.commitCount)}`, 0x41, 0xbd, imm32(layout.commitCount)],
    ['call run', 0xe8, { label: 'run', width: 4 }],
    [`movabs rcx,${hexOf(layout.expect)}`, 0x48, 0xb9, imm64(layout.expect)],
    ['cmp rax,rcx', 0x48, 0x39, 0xc8],
    ['jne refused', 0x75, { label: 'refused' }],

    ['xor ebx,ebx', 0x31, 0xdb],
    [`mov r13d,${hexOf(layout.thenCount)}`, 0x41, 0xbd, imm32(layout.thenCount)],
    ['call run', 0xe8, { label: 'run', width: 4 }],
    ['mov al,0x79', 0xb0, 0x79], // 'y'
    ['jmp answer', 0xeb, { label: 'answer' }],

    // ebx becomes the error number, or 0 when the result is none
    'refused:',
    ['xor ebx,ebx', 0x31, 0xdb],
    ['neg eax', 0xf7, 0xd8],
    ['cmovns ebx,eax', 0x0f, 0x49, 0xd8],
    ['mov al,0x6e', 0xb0, 0x6e], // 'n'

    'answer:',
    [`movabs rsi,${hexOf(layout.verdict)}`, 0x48, 0xbe, imm64(layout.verdict)],
    ['mov [rsi],al', 0x88, 0x06],
    ['mov [rsi+0x1],ebx', 0x89, 0x5e, 0x01],
    ['sub al,0x79', 0x2c, 0x79],
    ['movzx r14d,al', 0x44, 0x0f, 0xb6, 0xf0],
    ['mov eax,0x1', 0xb8, imm32(1)], // write
    ['mov edi,0x4', 0xbf, imm32(guardDescriptor.verdict)],
    ['mov edx,0x5', 0xba, imm32(guardVerdictLength)],
    ['syscall', 0x0f, 0x05],
    ['xor edi,edi', 0x31, 0xff],
    ['test r14d,r14d', 0x45, 0x85, 0xf6],
    ['setne dil', 0x40, 0x0f, 0x95, 0xc7],

    'exit:',
    ['mov eax,0xe7', 0xb8, imm32(231)], // exit_group
    ['syscall', 0x0f, 0x05],
    ['ud2', 0x0f, 0x0b],

    'run:',
    ['dec r13d', 0x41, 0xff, 0xcd],
    ['js done', 0x78, { label: 'done' }],
    ...entryLines,
    ['add r12,0x40', 0x49, 0x83, 0xc4, 0x40],
    ['test rax,rax', 0x48, 0x85, 0xc0],
    ['jns run', 0x79, { label: 'run' }],
    ['inc ebx', 0xff, 0xc3],
    ['jmp run', 0xeb, { label: 'run' }],
    'done:',
    ['ret', 0xc3],
  ];
}
