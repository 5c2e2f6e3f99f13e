import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isInLedger, keepLedger, newLedger } from './ledger.ts';
import { closeFd, duplicate, memfd, openPath } from './own.ts';
import { pidfdOpen } from './pidfd.ts';

test('a ledger has what this package opens, until it is closed', () => {
  const memory = newLedger();
  const ledger = keepLedger(memory);
  const others = openSync('/dev/null', 'r');
  const opened = [
    openPath('/dev/null', 0),
    duplicate(others),
    memfd('ledger', Buffer.from('x')),
    pidfdOpen(process.pid),
    duplicate(others, { atLeast: 500 }),
  ];
  expect(opened.map((fd) => isInLedger(memory, fd))).toEqual(opened.map(() => true));
  expect(isInLedger(memory, others)).toBe(false);
  expect(isInLedger(memory, 2 ** 30)).toBe(false);
  expect(ledger.takeClosed()).toEqual([]);
  const [first = -1, second = -1, ...rest] = opened;
  // As a plugin would: not by way of this package.
  closeSync(first);
  closeFd(second);
  expect(isInLedger(memory, second)).toBe(false);
  expect(ledger.takeClosed()).toEqual([first]);
  expect(ledger.takeClosed()).toEqual([]);
  expect(isInLedger(memory, first)).toBe(false);
  for (const fd of rest) closeFd(fd);
  closeSync(others);
  expect(opened.map((fd) => isInLedger(memory, fd))).toEqual(opened.map(() => false));
});
