import type { SyscallArgument } from '../../syscall.ts';
import { batchEntryLength, batchTable, type RemoteCall } from './blob.ts';
import type { syscallNumbers } from './syscalls.ts';

/** A call that a program of ours makes: bytes among its arguments lie in its memory and are passed by address. */
export type GuardCall = readonly [name: keyof typeof syscallNumbers, ...args: (SyscallArgument | Uint8Array)[]];

/** Memory that is written down now and lies at `base` later. */
export function createData(base: number): {
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
