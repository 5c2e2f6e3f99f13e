import { CredsEntrySchema, create, type MessageInitShape, TaskCoreEntrySchema } from '@criujs/images';
import { expect, test } from 'vitest';
import { authorityOf, checkTask, excess } from './authority.ts';
import type { TaskImage } from './read.ts';

const ids = { uid: 7, euid: 7, suid: 7, fsuid: 7, gid: 7, egid: 7, sgid: 7, fsgid: 7 };
const none = { capPrm: [0, 0], capEff: [0, 0], capInh: [0, 0], capAmb: [0, 0] };

test.each([
  ['those of the user', {}, null],
  ['a group that the user is in', { groups: [7, 8], egid: 8 }, null],
  ['another effective user', { euid: 0 }, 'the user id 0'],
  ['another saved user', { suid: 6 }, 'the user id 6'],
  ['a group of others', { sgid: 9 }, 'the group id 9'],
  ['a supplementary group of others', { groups: [7, 0] }, 'the group id 0'],
  ['a capability in force', { capEff: [0, 1] }, 'capabilities'],
  ['one that it may take', { capPrm: [1, 0] }, 'capabilities'],
  ['one for what it executes', { capAmb: [1, 0] }, 'capabilities'],
])('credentials: %s', (_, more, found) => {
  expect(excess(create(CredsEntrySchema, { ...ids, ...none, ...more }), 7, [7, 8])).toBe(found);
});

test.each([
  ['trusted images', null, 0],
  ['images of root', 0, 0],
  ['one’s own', 7, 7],
])('%s are restored with the rights of the caller', (_, owner, caller) => {
  const { check, asOwner } = authorityOf(owner, caller);
  expect(asOwner(() => process.geteuid?.())).toBe(process.geteuid?.());
  expect(() => check([{ cores: [{}], threads: [7] } as unknown as TaskImage])).not.toThrow();
});

const stranger = authorityOf(54_321, 0);
const credentials = create(CredsEntrySchema, {
  ...ids,
  ...none,
  uid: 54_321,
  euid: 54_321,
  suid: 54_321,
  fsuid: 54_321,
});
const taskWith = (tc: MessageInitShape<typeof TaskCoreEntrySchema>): TaskImage =>
  ({
    pid: 7,
    threads: [7],
    cores: [
      {
        threadCore: { creds: { ...credentials, gid: 0, egid: 0, sgid: 0, fsgid: 0 } },
        tc: create(TaskCoreEntrySchema, tc),
      },
    ],
  }) as unknown as TaskImage;

test('of a user whom nobody knows no group is known either', () => {
  expect(() => stranger.check([taskWith({})])).toThrow('core-7.img has the group id 0');
});

test('another root directory is refused, whoever asks for it', () => {
  expect(() => stranger.checkRoot(taskWith({}), true)).toThrow('fs-7.img has another root directory');
  expect(() => stranger.checkRoot(taskWith({}), false)).not.toThrow();
});

test.each([
  ['the login of another user', { loginuid: 0 }, 'has the login of user 0'],
  ['an OOM score adjustment of root', { oomScoreAdj: -1 }, 'has the OOM score adjustment -1'],
])('%s is refused', (_, tc, message) => {
  expect(() => checkTask(taskWith({}), 54_321, [0])).not.toThrow();
  expect(() => checkTask(taskWith(tc), 54_321, [0])).toThrow(message);
});

test('images that say nothing of credentials are not given those of root', () => {
  const task = { cores: [{}], threads: [7] } as unknown as TaskImage;
  expect(() => authorityOf(54_321, 0).check([task])).toThrow(
    expect.objectContaining({ code: 'IMAGES_UNTRUSTED', resource: 'core-7.img' }),
  );
});
