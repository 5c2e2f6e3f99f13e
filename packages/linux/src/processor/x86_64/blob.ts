import type { SyscallArgument } from '../../syscall.ts';
import { assemble, int3, type Line } from './assemble.ts';
import { syscallNumbers } from './syscalls.ts';

/** A system call to be made elsewhere: in another process, by machine code. */
export type RemoteCall = readonly [name: keyof typeof syscallNumbers, ...args: SyscallArgument[]];

/**
 * One call, and behind it rt_sigreturn: whoever points rsp at a signal frame gets all its registers back when nobody
 * stops it after the call.
 */
const callLines: readonly Line[] = [
  'syscall:',
  ['syscall', 0x0f, 0x05],
  'sigreturn:',
  ['mov eax,0xf', 0xb8, 0x0f, 0x00, 0x00, 0x00], // rt_sigreturn
  ['syscall', 0x0f, 0x05],
];

/** Makes the call of a table's entry at r12; rax, rcx, rdx, rsi, rdi, r8 to r11 are lost. The answer is in rax. */
export const entryLines: readonly Line[] = [
  ['mov eax,[r12]', 0x41, 0x8b, 0x04, 0x24],
  ['mov rdi,[r12+0x8]', 0x49, 0x8b, 0x7c, 0x24, 0x08],
  ['mov rsi,[r12+0x10]', 0x49, 0x8b, 0x74, 0x24, 0x10],
  ['mov rdx,[r12+0x18]', 0x49, 0x8b, 0x54, 0x24, 0x18],
  ['mov r10,[r12+0x20]', 0x4d, 0x8b, 0x54, 0x24, 0x20],
  ['mov r8,[r12+0x28]', 0x4d, 0x8b, 0x44, 0x24, 0x28],
  ['mov r9,[r12+0x30]', 0x4d, 0x8b, 0x4c, 0x24, 0x30],
  ['syscall', 0x0f, 0x05],
];

/** r12: the table, r13: how many calls, at least 1; rax, rcx, rdx, rsi, rdi, r8 to r11 are lost */
export const batchLines: readonly Line[] = [
  'batch:',
  ...entryLines,
  ['mov [r12+0x38],rax', 0x49, 0x89, 0x44, 0x24, 0x38],
  ['add r12,0x40', 0x49, 0x83, 0xc4, 0x40],
  ['dec r13', 0x49, 0xff, 0xcd],
  ['jne batch', 0x75, { label: 'batch' }],
];

/** A call and a loop over a table of calls, in 64 bytes: the padding at the vdso's tail has room for them. */
const caveLines: readonly Line[] = [
  ...callLines,
  ...batchLines,
  ['jmp sigreturn', 0xeb, { label: 'sigreturn' }],
  ...int3(3),
];

/** Code that is copied into a task: a call, a stub for clones and a loop over a table of calls. */
const blobLines: readonly Line[] = [
  ...callLines,
  ['ud2', 0x0f, 0x0b],
  ...int3(5),

  // clone or clone3: the caller goes on to rt_sigreturn, the child ends at once when nobody stops it here
  'exitStub:',
  ['syscall', 0x0f, 0x05],
  ['test eax,eax', 0x85, 0xc0],
  ['jne sigreturn', 0x75, { label: 'sigreturn' }],
  ['mov eax,0x3c', 0xb8, 0x3c, 0x00, 0x00, 0x00], // exit
  ['xor edi,edi', 0x31, 0xff],
  ['syscall', 0x0f, 0x05],
  ...int3(1),

  ...batchLines,
  ['mov eax,0xf', 0xb8, 0x0f, 0x00, 0x00, 0x00], // rt_sigreturn
  ['syscall', 0x0f, 0x05],
  ['ud2', 0x0f, 0x0b],
];

/** The lines of the code below, for the test that disassembles it. */
export const listings: readonly (readonly Line[])[] = [caveLines, blobLines];

/** Machine code that is put into other processes. */
export interface Blob {
  readonly code: Uint8Array;
  /** Where in `code` each piece begins. */
  readonly offsets: {
    /** A system call; then rt_sigreturn. */
    readonly syscall: 0;
    /** rt_sigreturn alone. */
    readonly sigreturn: 2;
    /** A loop over a table of calls (r12, see `batchTable`; r13 their number, at least 1); then rt_sigreturn. */
    readonly batch: number;
    /** A system call that makes a child: the child exits, the caller gets to rt_sigreturn. */
    readonly exitStub: number;
  };
  /** For a place with no more room than 64 bytes. */
  readonly cave: {
    readonly code: Uint8Array;
    /** What earlier releases put there. */
    readonly old: Uint8Array;
    /** The same pieces in it, at the same places but for the loop. */
    readonly batch: number;
  };
}

const machine = assemble(blobLines);
const inCave = assemble(caveLines);
/** Bytes of the pieces that come first. */
const oldCave = 16;

export const blob: Blob = {
  code: machine.code,
  offsets: {
    syscall: 0,
    sigreturn: 2,
    batch: machine.labels['batch'] as number,
    exitStub: machine.labels['exitStub'] as number,
  },
  cave: {
    code: inCave.code,
    old: machine.code.subarray(0, oldCave),
    batch: inCave.labels['batch'] as number,
  },
};

/** Bytes of a call in a table: its number in the lower half of a word, six arguments, its result. */
export const batchEntryLength: number = 64;
/** Where in an entry the result is written. */
export const batchResultOffset: number = 56;

/** The table that `blob.offsets.batch` runs through. */
export function batchTable(calls: readonly RemoteCall[]): Buffer {
  const table = Buffer.alloc(calls.length * batchEntryLength);
  calls.forEach(([name, ...args], index) => {
    const at = index * batchEntryLength;
    if (args.length > 6) throw new RangeError(`${name} has ${args.length} arguments, a system call takes 6 at most`);
    table.writeUInt32LE(syscallNumbers[name], at);
    for (const [position, value] of args.entries()) writeWord(table, at + 8 + position * 8, value);
  });
  return table;
}

/** Addresses are many, and BigInts are slow. */
function writeWord(table: Buffer, at: number, value: SyscallArgument): void {
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) {
    table.writeUInt32LE(value % 2 ** 32, at);
    table.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
    return;
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`a system call takes 64-bit integers, got ${value}`);
  }
  table.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
}
