import { keptBlock } from './arena.ts';
import { machineFunction } from './executable.ts';
import {
  batchEntryLength,
  batchResultOffset,
  batchTable,
  listCode,
  passOffset,
  type RemoteCall,
} from './processor/processor.ts';

/** A call of a list. */
export interface ListedCall {
  readonly call: RemoteCall;
  /** To how many of those behind it its answer goes as their first argument, before they are made. Default: none. */
  readonly passes?: number;
}

/** The same calls for many things, a row each: written once, and made in one step of JavaScript as often as needed. */
export interface CallList {
  /** Makes the calls of the first so many rows, one after the other, whatever they answer. */
  make(rows: number): void;
  /** Sets an argument of a call of a row. @param value a whole number from 0 */
  set(row: number, call: number, argument: number, value: number): void;
  /** What a call of a row answered, or the negated error number. */
  answer(row: number, call: number): number;
}

const argumentsOffset = 8;

const run = machineFunction('criujs-list', listCode, 'list', 2);

/**
 * Sets memory aside for good, once for each use: system calls that take less time than a step into C are made by the thousand.
 * @param callsOf the calls of a row, each time as many
 */
export function createCallList(rows: number, callsOf: (row: number) => readonly ListedCall[]): CallList {
  const all = Array.from({ length: rows }, (_, row) => callsOf(row)).flat();
  const perRow = all.length / rows;
  const { bytes, view, address } = keptBlock(all.length * batchEntryLength);
  bytes.set(batchTable(all.map(({ call }) => call)));
  all.forEach(({ passes = 0 }, at) => {
    view.setUint32(at * batchEntryLength + passOffset, passes, true);
  });
  const entryAt = (row: number, call: number): number => (row * perRow + call) * batchEntryLength;
  return {
    make(count) {
      if (count > rows) throw new RangeError(`${count} rows of ${rows}`);
      if (count > 0) run(count * perRow, address);
    },
    set(row, call, argument, value) {
      const at = entryAt(row, call) + argumentsOffset + argument * 8;
      view.setUint32(at, value % 2 ** 32, true);
      view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
    },
    // Without a BigInt: numbers of bytes, descriptors and errors have 53 bits.
    answer(row, call) {
      const at = entryAt(row, call) + batchResultOffset;
      return view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
    },
  };
}
