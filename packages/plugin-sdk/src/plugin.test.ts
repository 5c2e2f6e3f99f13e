import { expect, test } from 'vitest';
import {
  batchHook,
  definePlugin,
  type HookRegistration,
  hook,
  isPlugin,
  later,
  laterOf,
  PluginError,
} from './index.ts';

const pause = hook('PAUSE_DEVICES', () => {});

/** As JavaScript calls it, without types. */
const define = definePlugin as (definition: unknown) => unknown;

test.each([
  ['nothing', undefined, 'is not an object'],
  ['no name', { hooks: [] }, 'has no usable name'],
  ['an empty name', { name: '', hooks: [] }, 'has no usable name'],
  ['capitals', { name: 'Kvm', hooks: [] }, 'plugin "Kvm" has no usable name'],
  ['a leading dash', { name: '-kvm', hooks: [] }, 'has no usable name'],
  ['a slash', { name: '../kvm', hooks: [] }, 'has no usable name'],
  ['a line feed at the end', { name: 'kvm\n', hooks: [] }, 'has no usable name'],
  ['a number as version', { name: 'kvm', version: 1, hooks: [] }, 'version that is not text'],
  [
    'a text as image version',
    { name: 'kvm', imageVersion: '2', hooks: [] },
    'imageVersion that is not a positive integer',
  ],
  ['an image version of 0', { name: 'kvm', imageVersion: 0, hooks: [] }, 'imageVersion that is not a positive integer'],
  [
    'half an image version',
    { name: 'kvm', imageVersion: 1.5, hooks: [] },
    'imageVersion that is not a positive integer',
  ],
  [
    'an empty inventory name',
    { name: 'kvm', inventoryName: '', hooks: [] },
    'inventoryName that is not a line of text',
  ],
  ['two lines', { name: 'kvm', inventoryName: 'a\nb', hooks: [] }, 'inventoryName that is not a line of text'],
  ['a required that is a text', { name: 'kvm', required: 'yes', hooks: [] }, 'required that is neither true nor false'],
  ['options that are no schema', { name: 'kvm', options: {}, hooks: [] }, 'not a Standard Schema'],
  ['an init that is not a function', { name: 'kvm', init: 1, hooks: [] }, 'has an init that is not a function'],
  ['an exit that is not a function', { name: 'kvm', exit: 'x', hooks: [] }, 'has an exit that is not a function'],
  ['no hooks', { name: 'kvm' }, 'has no list of hooks'],
  ['hooks as an object', { name: 'kvm', hooks: { DUMP_EXT_FILE() {} } }, 'has no list of hooks'],
  ['an unknown hook', { name: 'kvm', hooks: [{ hook: 'DUMP_FILE', handler() {} }] }, 'registers "DUMP_FILE"'],
  ['an inherited name', { name: 'kvm', hooks: [{ hook: 'toString', handler() {} }] }, 'registers "toString"'],
  ['a hook that is no registration', { name: 'kvm', hooks: [null] }, 'which is not a hook'],
  [
    'a hook without a function',
    { name: 'kvm', hooks: [{ hook: 'PAUSE_DEVICES' }] },
    'PAUSE_DEVICES without a function',
  ],
  [
    'a claim that is not a function',
    { name: 'kvm', hooks: [{ hook: 'DUMP_EXT_FILE', handler() {}, claim: true }] },
    'has a claim for DUMP_EXT_FILE that is not a function',
  ],
  [
    'a claim of a hook that saves nothing',
    { name: 'kvm', hooks: [{ hook: 'RESTORE_EXT_FILE', handler() {}, claim() {} }] },
    'a claim for RESTORE_EXT_FILE, which saves nothing',
  ],
  ['one hook twice', { name: 'kvm', hooks: [pause, pause] }, 'registers PAUSE_DEVICES twice'],
])('definePlugin refuses %s', (_, definition, message) => {
  const error = thrownBy(() => define(definition));
  expect(error).toBeInstanceOf(PluginError);
  expect(error).toMatchObject({ code: 'PLUGIN_INVALID', remedy: expect.any(String) });
  expect(error.message).toContain(message);
});

test('hook refuses an unknown name and lists the known ones', () => {
  const error = thrownBy(() => (hook as (name: string, handler: unknown) => unknown)('DUMP_FILE', () => {}));
  expect(error).toMatchObject({ code: 'PLUGIN_INVALID', remedy: expect.stringContaining('DUMP_EXT_FILE, ') });
});

test.each([
  [
    'a hook without a batch form',
    'POST_FORKING',
    () => {},
    'registers a batch of POST_FORKING, which has no batch form',
  ],
  ['no function', 'PAUSE_DEVICES', 7, 'registers PAUSE_DEVICES without a function'],
  ['an unknown name', 'PAUSE', () => {}, 'registers "PAUSE", which is not a hook'],
])('batchHook refuses %s', (_, name, batch, message) => {
  const error = thrownBy(() => (batchHook as (name: string, batch: unknown) => unknown)(name, batch));
  expect(error).toMatchObject({ code: 'PLUGIN_INVALID', remedy: expect.any(String) });
  expect(error.message).toContain(message);
});

test('a plugin has each hook in one form only', () => {
  const both = Object.assign({}, pause, { batch: () => {} });
  expect(thrownBy(() => definePlugin({ name: 'kvm', hooks: [both as never] })).message).toContain(
    'in both of its forms',
  );
  const twice: HookRegistration[] = [pause, batchHook('PAUSE_DEVICES', () => {})];
  expect(thrownBy(() => definePlugin({ name: 'kvm', hooks: twice })).message).toContain(
    'registers PAUSE_DEVICES twice',
  );
});

test('work for later is known as such, and nothing else is', () => {
  const work = Promise.resolve(1);
  expect(laterOf(later(work, 7))).toEqual({ work, result: 7 });
  expect(laterOf(later(work))).toEqual({ work, result: undefined });
  for (const other of [undefined, null, 7, work, { work, result: 7 }, Object.create(later(work) as object)])
    expect(laterOf(other)).toBe(undefined);
});

test('init and exit keep their this', () => {
  const calls: string[] = [];
  class Counter {
    name = 'counter';
    hooks = [pause];
    init(): void {
      calls.push(`init of ${this.name}`);
    }
    exit(): void {
      calls.push(`exit of ${this.name}`);
    }
  }
  const plugin = definePlugin(new Counter());
  plugin.init?.('dump', {} as never);
  plugin.exit?.('dump', { ok: true }, {} as never);
  expect(calls).toEqual(['init of counter', 'exit of counter']);
});

test('a plugin cannot be changed once it is defined', () => {
  const hooks = [pause];
  const plugin = definePlugin({ name: 'kvm', version: '1.2.3', hooks });
  hooks.push(hook('POST_FORKING', () => {}));
  expect(plugin.hooks).toHaveLength(1);
  expect(Object.isFrozen(plugin)).toBe(true);
});

test('the version of what a plugin writes is kept, where it has one', () => {
  expect(definePlugin({ name: 'kvm', imageVersion: 3, hooks: [] }).imageVersion).toBe(3);
  expect(definePlugin({ name: 'kvm', hooks: [] })).not.toHaveProperty('imageVersion');
});

test.each([undefined, null, 1, 'kvm', {}, { name: 'kvm', apiVersion: 1, hooks: [] }])('%j is no plugin', (value) => {
  expect(isPlugin(value)).toBe(false);
});

function thrownBy(body: () => unknown): Error {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
