import { assemble, imm32, imm64, type Line } from './assemble.ts';
import { batchEntryLength, batchLines, batchResultOffset } from './blob.ts';
import { pageLength, programImage } from './elf.ts';
import { createData, type GuardCall } from './image-data.ts';

/** The descriptor of an errand to which it writes its memory at the end. */
export const errandDescriptor = 3;

const base = 0x400000;
const dataBase = base + pageLength;
const name = 'criujs-errand\0';
const allSignals = new Uint8Array(8).fill(0xff);
const PR_SET_NAME = 15;
const SIG_SETMASK = 2;

/** A program that makes a list of calls. */
export interface ErrandImage {
  readonly image: Buffer;
  /** Bytes that it writes when it is through. */
  readonly length: number;
  /** What each call answered; bytes among the arguments become what the calls have made of them. */
  read(memory: Buffer): number[];
}

/** Makes the calls of a table, and ends. */
export function errandLines(table: number, count: number): readonly Line[] {
  return [
    [`movabs r12,0x${table.toString(16)}`, 0x49, 0xbc, imm64(table)],
    [`mov r13d,0x${count.toString(16)}`, 0x41, 0xbd, imm32(count)],
    ...batchLines,
    ['mov eax,0xe7', 0xb8, imm32(231)], // exit_group
    ['xor edi,edi', 0x31, 0xff],
    ['syscall', 0x0f, 0x05],
    ['ud2', 0x0f, 0x0b],
  ];
}

/** Builds it for x86-64. It blocks every signal, makes all calls whatever they answer, and writes its memory to descriptor 3. */
export function errandImage(calls: readonly GuardCall[]): ErrandImage {
  const data = createData(dataBase);
  const placed = calls.map(([call, ...args]) => ({
    call,
    args: args.map((value) => (value instanceof Uint8Array ? { bytes: value, at: data.add(value) } : value)),
  }));
  const before = [data.add(Buffer.from(name)), data.add(allSignals)] as const;
  const table = dataBase + data.bytes().length;
  const count = calls.length + 3;
  const length = table - dataBase + count * batchEntryLength;
  data.table([
    ['prctl', PR_SET_NAME, before[0]],
    ['rt_sigprocmask', SIG_SETMASK, before[1], 0, allSignals.length],
    ...placed.map(
      ({ call, args }): GuardCall => [call, ...args.map((value) => (typeof value === 'object' ? value.at : value))],
    ),
    ['pwrite64', errandDescriptor, dataBase, length, 0],
  ]);
  const image = programImage(base, assemble(errandLines(table, count)).code, data.bytes());
  return {
    image,
    length,
    read: (memory) =>
      placed.map(({ args }, at) => {
        for (const value of args)
          if (typeof value === 'object')
            value.bytes.set(memory.subarray(value.at - dataBase, value.at - dataBase + value.bytes.length));
        // Behind the two calls that come first.
        const entry = table - dataBase + (at + 2) * batchEntryLength;
        return Number(memory.readBigInt64LE(entry + batchResultOffset));
      }),
  };
}
