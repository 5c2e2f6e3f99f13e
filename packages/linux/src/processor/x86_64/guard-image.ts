import type { SyscallArgument } from '../../syscall.ts';
import { assemble, imm32, imm64, type Line } from './assemble.ts';
import { batchEntryLength, batchTable, type RemoteCall } from './blob.ts';
import { checkPages, elfHeaders, entryOffset, pageLength, segmentFlag } from './elf.ts';
import type { syscallNumbers } from './syscalls.ts';

/** A call that the guard makes: bytes among its arguments lie in the guard's memory and are passed by address. */
export type GuardCall = readonly [name: keyof typeof syscallNumbers, ...args: (SyscallArgument | Uint8Array)[]];

/** What a guard does once it is told to. */
export interface GuardPlan {
  /** Where the guard's memory begins; any free place does. */
  readonly base?: number;
  /** The call that commits. Best one that happens or does not, such as renameat2 of a file that is already on disk. */
  readonly commit: GuardCall;
  /** What `commit` must answer for the rest to be done. */
  readonly expect: number;
  /** Made after the commit, each whatever the others answer. */
  readonly then: readonly GuardCall[];
}

/** What the guard writes to descriptor 4 when it is through. */
export type GuardVerdict =
  | { readonly committed: true /** How many calls of `then` failed. */; readonly failures: number }
  | {
      readonly committed: false /** 0 when `commit` answered something unexpected, such as a short write. */;
      readonly errno: number;
    };

/** Descriptors of the guard: it is told through the first and answers through the second. */
export const guardDescriptor = { order: 3, verdict: 4 } as const;
/** Bytes of a verdict: `y` or `n`, then a number of 4 bytes, little-endian. */
export const guardVerdictLength = 5;

const defaultBase = 0x400000;
const guardName = 'criujs-guard\0';
const allSignals = new Uint8Array(8).fill(0xff);
const PR_SET_NAME = 15;
const SIG_SETMASK = 2;

/** Addresses of what the code works on. */
export interface GuardLayout {
  readonly prepare: number;
  readonly prepareCount: number;
  readonly commit: number;
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
    // the last call of the first table waits for the order: 1 byte, or the end of the pipe
    [`movabs r12,${hexOf(layout.prepare)}`, 0x49, 0xbc, imm64(layout.prepare)],
    [`mov r13d,${hexOf(layout.prepareCount)}`, 0x41, 0xbd, imm32(layout.prepareCount)],
    ['call run', 0xe8, { label: 'run', width: 4 }],
    ['xor edi,edi', 0x31, 0xff],
    ['cmp rax,0x1', 0x48, 0x83, 0xf8, 0x01],
    ['jne exit', 0x75, { label: 'exit' }],

    [`movabs r12,${hexOf(layout.commit)}`, 0x49, 0xbc, imm64(layout.commit)],
    ['mov r13d,0x1', 0x41, 0xbd, imm32(1)],
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
    ['mov rax,[r12]', 0x49, 0x8b, 0x04, 0x24],
    ['mov rdi,[r12+0x8]', 0x49, 0x8b, 0x7c, 0x24, 0x08],
    ['mov rsi,[r12+0x10]', 0x49, 0x8b, 0x74, 0x24, 0x10],
    ['mov rdx,[r12+0x18]', 0x49, 0x8b, 0x54, 0x24, 0x18],
    ['mov r10,[r12+0x20]', 0x4d, 0x8b, 0x54, 0x24, 0x20],
    ['mov r8,[r12+0x28]', 0x4d, 0x8b, 0x44, 0x24, 0x28],
    ['mov r9,[r12+0x30]', 0x4d, 0x8b, 0x4c, 0x24, 0x30],
    ['syscall', 0x0f, 0x05],
    ['add r12,0x40', 0x49, 0x83, 0xc4, 0x40],
    ['test rax,rax', 0x48, 0x85, 0xc0],
    ['jns run', 0x79, { label: 'run' }],
    ['inc ebx', 0xff, 0xc3],
    ['jmp run', 0xeb, { label: 'run' }],
    'done:',
    ['ret', 0xc3],
  ];
}

/**
 * The program that commits a dump, so that whoever kills the engine cannot leave it half done. It blocks every signal,
 * waits for one byte on descriptor 3 and exits with 0, nothing done, when the pipe ends instead. Told to go on, it makes
 * the `commit` call; if that answers what is expected it makes the others, whoever may have died meanwhile. Its verdict
 * goes to descriptor 4, see `readGuardVerdict`. Start it with `newSession`: it is to outlive its parent's group.
 * Descriptors that its calls use are inherited under numbers from 5 on.
 */
export function guardImage(plan: GuardPlan): Buffer {
  const base = plan.base ?? defaultBase;
  checkPages('base', base);
  const dataBase = base + pageLength;
  const data = createData(dataBase);
  const verdict = data.add(new Uint8Array(8));
  const prepare: readonly GuardCall[] = [
    ['prctl', PR_SET_NAME, Buffer.from(guardName)],
    ['rt_sigprocmask', SIG_SETMASK, allSignals, 0, allSignals.length],
    ['read', guardDescriptor.order, verdict, 1],
  ];
  const layout: GuardLayout = {
    prepare: data.table(prepare),
    prepareCount: prepare.length,
    commit: data.table([plan.commit, ...plan.then]),
    expect: BigInt(plan.expect),
    thenCount: plan.then.length,
    verdict,
  };
  const code = assemble(guardLines(layout)).code;
  const bytes = data.bytes();
  const headers = elfHeaders([
    {
      flags: segmentFlag.read | segmentFlag.execute,
      offset: 0,
      address: base,
      fileLength: pageLength,
      memoryLength: pageLength,
    },
    {
      flags: segmentFlag.read | segmentFlag.write,
      offset: pageLength,
      address: dataBase,
      fileLength: bytes.length,
      memoryLength: bytes.length,
    },
  ]);
  const image = Buffer.alloc(pageLength + bytes.length);
  image.set(headers);
  image.set(code, entryOffset);
  image.set(bytes, pageLength);
  return image;
}

/** Reads what a guard wrote; null while there are fewer than `guardVerdictLength` bytes: it died, or is not through. */
export function readGuardVerdict(bytes: Uint8Array): GuardVerdict | null {
  if (bytes.length < guardVerdictLength) return null;
  const number = Buffer.from(bytes).readUInt32LE(1);
  return bytes[0] === 'y'.charCodeAt(0) ? { committed: true, failures: number } : { committed: false, errno: number };
}

/** Memory that is written down now and lies at `base` later. */
function createData(base: number): {
  add(bytes: Uint8Array): number;
  table(calls: readonly GuardCall[]): number;
  bytes(): Buffer;
} {
  const parts: Uint8Array[] = [];
  let length = 0;
  const add = (bytes: Uint8Array): number => {
    const address = base + length;
    const padded = Buffer.alloc(Math.ceil(bytes.length / batchEntryLength) * batchEntryLength);
    padded.set(bytes);
    parts.push(padded);
    length += padded.length;
    return address;
  };
  return {
    add,
    table: (calls) => {
      const remote = calls.map(([name, ...args]): RemoteCall => {
        return [name, ...args.map((value) => (value instanceof Uint8Array ? add(value) : value))];
      });
      return add(batchTable(remote));
    },
    bytes: () => Buffer.concat(parts),
  };
}
