import { closeSync, openSync } from 'node:fs';
import { readOptions } from '@criujs/engine-kit';
import { closeFd, pidfdOpen } from '@criujs/linux';
import { expect, test } from 'vitest';
import { seeFilesAt } from '../kinds/files/seen.ts';
import { createTree, isClosed } from './tree.ts';

test('in a tree that runs another file at the number of one that was seen is not taken for it', () => {
  const pidfd = pidfdOpen(process.pid);
  const seen = openSync('/dev/null', 'r');
  const [file] = seeFilesAt({ pid: process.pid, command: 'test' }, [seen]);
  if (file === undefined) throw new Error('it was not seen');
  const processes = [{ pid: process.pid, command: 'test' }];
  const context = { processes, hooks: { serves: () => false }, options: readOptions('dump', {}), pidfdOf: () => pidfd };
  const tree = createTree([file], { ...context, runs: true });
  expect(tree.borrow(file, (fd) => fd)).toBeGreaterThan(2);
  closeSync(seen);
  const other = openSync('/dev/zero', 'r');
  expect(other, 'the lowest number is taken').toBe(seen);
  const error: unknown = (() => {
    try {
      return tree.borrow(file, (fd) => fd);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(isClosed(error)).toBe(true);
  closeSync(other);
  closeFd(pidfd);
});
