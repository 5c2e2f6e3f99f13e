import { expect, test } from 'vitest';
import { capability } from '../../facts/capabilities.ts';
import { judgeCaller, judgeHome, judgeImagesOfOthers, judgeProc } from './surroundings.ts';

const all = (1n << 41n) - 1n;
const root = { user: 0, map: '0 0 4294967295', capEff: all, behind: undefined };
const mapped = { ...root, map: '0 1000 1' };
const ordinary = { ...root, user: 1000, capEff: 0n };

test.each([
  ['root', root, 'ok', /^root$/],
  ['root behind sudo', { ...root, behind: '1000' }, 'ok', /called by user 1000 through sudo/],
  ['an ordinary user', { ...ordinary, behind: '7' }, 'ok', /^user 1000:/],
  ['root of a user namespace', mapped, 'limited', /root of a user namespace/],
] as const)('%s', (_, caller, state, detail) => {
  expect(judgeCaller(caller)).toMatchObject({ state, detail: expect.stringMatching(detail) });
});

test.each([
  ['root', root, 'ok', /with the rights of their owner/],
  ['an ordinary user', ordinary, 'limited', /are refused/],
  ['root of a user namespace', mapped, 'limited', /is mapped/],
  ['root without CAP_SETUID', { ...root, capEff: all & ~(1n << BigInt(capability.SETUID)) }, 'limited', /CAP_SETUID/],
  ['root without CAP_SETGID', { ...root, capEff: all & ~(1n << BigInt(capability.SETGID)) }, 'limited', /CAP_SETGID/],
] as const)('images of others, for %s', (_, caller, state, detail) => {
  expect(judgeImagesOfOthers(caller)).toMatchObject({ state, detail: expect.stringMatching(detail) });
});

const home = { path: '/home/a', other: null, isWritable: true };
const theirs = { folder: '/home/a', owner: 1000, isShared: false };
test.each([
  [{ ...home, path: '' }, '/root', 'ok', /HOME is not set: \/root is tried instead$/],
  [{ ...home, path: '' }, null, 'limited', /nothing can be built$/],
  [home, null, 'ok', /kept in \/home\/a,/],
  [{ ...home, isWritable: false }, '/root', 'limited', /may not write: \/root is tried instead$/],
  [{ ...home, other: theirs }, '/root', 'limited', /user 1000 owns \/home\/a: .*\/root is tried instead$/],
  [{ ...home, other: { ...theirs, folder: '/home', isShared: true } }, null, 'limited', /others may write \/home: /],
] as const)('the home %o of a user with %s in passwd', (given, own, state, detail) => {
  expect(judgeHome(given, own)).toMatchObject({ state, detail: expect.stringMatching(detail) });
});

test.each([
  [7, '7', 'pid:[4026531836]', 'ok'],
  [7, '7', 'pid:[4026532000]', 'limited'],
  [1, '700', 'pid:[4026532000]', 'missing'],
  [1, null, '', 'missing'],
] as const)('pid %i, in /proc %s, in %s: %s', (pid, seen, namespace, state) => {
  expect(judgeProc(pid, seen, namespace).state).toBe(state);
});
