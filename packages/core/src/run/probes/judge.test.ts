import { expect, test } from 'vitest';
import { abilities } from '../../check.ts';
import { capability } from '../../facts/capabilities.ts';
import { judgeCapabilities, judgeSetTid } from './rights.ts';
import { judgeYama } from './tracing.ts';

test.each([
  [null, false, 'ok'],
  [0, false, 'ok'],
  [1, false, 'limited'],
  [1, true, 'ok'],
  [2, false, 'missing'],
  [2, true, 'ok'],
  [3, true, 'missing'],
] as const)('Yama with scope %s, administrator: %s: %s', (scope, administrator, state) => {
  expect(judgeYama(scope, administrator).state).toBe(state);
});

test.each([
  ['EEXIST', 'ok'],
  ['EPERM', 'missing'],
  ['ENOSYS', 'missing'],
])('clone3 with a taken pid answers %s: %s', (error, state) => {
  expect(judgeSetTid(error).state).toBe(state);
});

test('CAP_SYS_ADMIN includes CAP_CHECKPOINT_RESTORE', () => {
  const bits = (...names: (keyof typeof capability)[]): bigint =>
    names.reduce((sum, name) => sum | (1n << BigInt(capability[name])), 0n);
  expect(judgeCapabilities({ capEff: bits('SYS_ADMIN', 'SYS_PTRACE', 'SYS_RESOURCE') }).state).toBe('ok');
  expect(judgeCapabilities({ capEff: 0n }).detail).toContain('CAP_CHECKPOINT_RESTORE');
});

test('what is missing takes away what needs it; what is limited takes nothing away', () => {
  const rows = [
    { needs: ['dump'], state: 'limited' },
    { needs: ['samePids'], state: 'missing' },
    { needs: [], state: 'missing' },
  ] as const;
  expect(abilities(rows)).toEqual({ dump: true, restore: true, samePids: false });
});
