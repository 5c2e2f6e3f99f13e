import { HostError, type PluginClaim } from '@criujs/plugin-host';
import { expect, test } from 'vitest';
import { type Settled, settle } from './claims.ts';

const yes = (plugin: string): PluginClaim => ({ plugin, says: 'yes' });
const no = (plugin: string): PluginClaim => ({ plugin, says: 'no' });
const nothing = (plugin: string): PluginClaim => ({ plugin, says: 'nothing' });
const failed = (plugin: string): PluginClaim => ({
  plugin,
  says: 'failed',
  error: new HostError('HOOK_TIMEOUT', `plugin ${plugin} hangs`, { remedy: 'Look at it.' }),
});

const settled = (...claims: PluginClaim[]): Settled =>
  settle('DUMP_EXT_FILE', claims, (why) => ({ file: 'a file', why, remedy: 'Load one.' }));

const hook = 'DUMP_EXT_FILE';

test('the one that claims it takes it, whoever else declines or is asked later', () => {
  const taker = { plugin: 'a', hook, claimed: true, asked: [] };
  expect(settled(yes('a'))).toEqual({ taker });
  expect(settled(no('b'), yes('a'), nothing('c'), failed('d'))).toEqual({ taker });
});

test('who stands before it without a claim is asked first', () => {
  expect(settled(nothing('b'), yes('a')).taker).toEqual({ plugin: 'a', hook, claimed: true, asked: ['b'] });
});

test('without any claim the dump asks: one by its name, several together', () => {
  expect(settled(no('b'), nothing('a')).taker).toEqual({ plugin: 'a', hook, claimed: false, asked: ['a'] });
  expect(settled(nothing('a'), nothing('b')).taker).toEqual({
    plugin: null,
    hook,
    claimed: false,
    asked: ['a', 'b'],
  });
});

test('when all decline nobody takes it', () => {
  const why = 'plugin a does not claim it';
  expect(settled(no('a'))).toEqual({ taker: null, why, remedy: 'Load one.', declined: true });
  expect(settled(no('a'), no('b'), no('c')).why).toBe('plugins a, b and c do not claim it');
});

test('two claims are a conflict, which names the one that the order would give it to', () => {
  expect(settled(no('x'), yes('b'), yes('a'))).toEqual({
    taker: { plugin: 'b', hook, claimed: true, asked: [] },
    conflict: ['b', 'a'],
    why: 'plugins b and a all claim it; a dump would give it to the first that is loaded, b',
    remedy: 'Load only one of them, or make one claim less.',
  });
});

test('a claim that failed is a reason, unless another plugin comes before it', () => {
  expect(settled(no('b'), failed('a'))).toEqual({ taker: null, why: 'plugin a hangs', remedy: 'Look at it.' });
  expect(settled(failed('a'), yes('b')).taker).toBeNull();
  expect(settled(yes('b'), failed('a')).taker).toMatchObject({ plugin: 'b' });
});
