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
  const failed = sideBySide({ pieces, capacity: 1, bench }, nothing);
  expect(done.sort((a, b) => a - b)).toEqual(pieces);
  expect(failed.sort((a, b) => a - b)).toEqual([5, 10, 15, 20]);
});

test('a single piece, and none', () => {
  const bench = () => callsFor;
  expect(sideBySide({ pieces: [1], capacity: 1, bench }, nothing)).toEqual([]);
  expect(sideBySide({ pieces: [5], capacity: 1, bench }, nothing)).toEqual([5]);
  expect(sideBySide({ pieces: [], capacity: 1, bench }, nothing)).toEqual([]);
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
  expect(() => sideBySide({ pieces, capacity: 1, bench }, abort)).toThrow('aborted');
  expect(done).toBeLessThan(20);
});
