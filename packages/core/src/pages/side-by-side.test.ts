import { type ExpectedCall, syscall } from '@criujs/linux';
import { expect, test } from 'vitest';
import { sideBySide } from './side-by-side.ts';

const nothing = (): void => undefined;
const pid = syscall('getpid');

/** A call that answers right, or not. */
function callsFor(piece: number): ExpectedCall[] {
  return [{ call: ['getpid'], expect: piece % 5 === 0 ? -1 : pid }];
}

test('every piece is done once, and those that failed are given back', () => {
  const pieces = Array.from({ length: 23 }, (_, at) => at + 1);
  const done: number[] = [];
  const bench = () => (piece: number) => {
    done.push(piece);
    return callsFor(piece);
  };
  const failed: number[] = [];
  sideBySide({ pieces, capacity: 1, bench, failed: (piece) => failed.push(piece) }, nothing);
  expect(done.sort((a, b) => a - b)).toEqual(pieces);
  expect(failed.sort((a, b) => a - b)).toEqual([5, 10, 15, 20]);
});

test('a single piece, and none', () => {
  const failedOf = (pieces: readonly number[]): number[] => {
    const failed: number[] = [];
    sideBySide({ pieces, capacity: 1, bench: () => callsFor, failed: (piece) => failed.push(piece) }, nothing);
    return failed;
  };
  expect(failedOf([1])).toEqual([]);
  expect(failedOf([5])).toEqual([5]);
  expect(failedOf([])).toEqual([]);
});

test('what is thrown about a failure ends the work', () => {
  const pieces = Array.from({ length: 1000 }, (_, at) => at + 1);
  let done = 0;
  const bench = () => (piece: number) => {
    done++;
    return callsFor(piece);
  };
  const failed = (piece: number): never => {
    throw new Error(`piece ${piece}`);
  };
  // Where the kernel lets another thread wait, the next failure may be known first.
  expect(() => sideBySide({ pieces, capacity: 1, bench, failed }, nothing)).toThrow(/^piece (5|10)$/);
  expect(done).toBeLessThan(20);
});

test('an abort is heard between pieces', () => {
  let checks = 0;
  const abort = (): void => {
    if (++checks === 3) throw new Error('aborted');
  };
  const pieces = Array.from({ length: 1000 }, (_, at) => at);
  let done = 0;
  const bench = () => (piece: number) => {
    done++;
    return callsFor(piece);
  };
  expect(() => sideBySide({ pieces, capacity: 1, bench, failed: nothing }, abort)).toThrow('aborted');
  expect(done).toBeLessThan(20);
});
