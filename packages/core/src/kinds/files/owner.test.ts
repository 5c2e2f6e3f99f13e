import { closeSync } from 'node:fs';
import { signalOwner } from '@criujs/engine-kit/externals';
import { makePipe, readStatus } from '@criujs/linux';
import { expect, test } from 'vitest';
import { sampleFile } from '../../../test/files-samples.ts';
import { isOwnerInside, nobody, readOwner, restoreOwner } from './owner.ts';

const onLinux = test.skipIf(process.platform !== 'linux');
const asRoot = test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0);
const file = sampleFile({ link: 'pipe:[1]' });
const here = { uid: process.getuid?.() ?? 0, euid: process.geteuid?.() ?? 0 };

onLinux('an owner is set and read: process, group or thread, with its signal', () => {
  const [readEnd, writeEnd] = makePipe();
  expect(readOwner(readEnd, file)).toEqual(nobody);
  for (const pidType of [0, 1]) {
    const owner = { ...here, signum: 34, pidType, pid: 1234 };
    expect(restoreOwner(readEnd, owner, () => process.pid)).toBeNull();
    expect(readOwner(readEnd, file)).toEqual({ ...owner, pid: process.pid });
  }
  expect(restoreOwner(readEnd, { ...here, signum: 0, pidType: 1, pid: 1234 }, () => 2 ** 22)).toMatch(/1234.*ESRCH/);
  closeSync(readEnd);
  closeSync(writeEnd);
});

asRoot('the owner is set in the name of the user of then, and this thread stays who it was', () => {
  const [readEnd, writeEnd] = makePipe();
  const before = readStatus(process.pid);
  const owner = { uid: 1234, euid: 4321, signum: 0, pidType: 1, pid: process.pid };
  expect(restoreOwner(readEnd, owner, (pid) => pid)).toBeNull();
  expect(readOwner(readEnd, file)).toEqual(owner);
  const after = readStatus(process.pid);
  expect([after.uids, after.capEff]).toEqual([before.uids, before.capEff]);
  closeSync(readEnd);
  closeSync(writeEnd);
});

test('the owner as plugins are told', () => {
  expect(signalOwner(nobody)).toBeNull();
  expect(signalOwner({ uid: 1, euid: 2, signum: 3, pidType: 2, pid: 4 })).toEqual({
    pid: 4,
    signal: 3,
    uid: 1,
    euid: 2,
    type: 'group',
  });
});

onLinux('an owner belongs to the tree as process, thread or group', () => {
  const ours = { ...nobody, pid: process.pid };
  expect(isOwnerInside({ ...ours, pidType: 1 }, [process.pid])).toBe(true);
  expect(isOwnerInside({ ...ours, pidType: 0 }, [process.pid])).toBe(true);
  expect(isOwnerInside({ ...ours, pidType: 1, pid: 1 }, [process.pid])).toBe(false);
  expect(isOwnerInside({ ...ours, pidType: 2, pid: 1 }, [process.pid])).toBe(false);
});
