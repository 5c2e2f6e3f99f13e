import { definePlugin, hook } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import { createPluginHost } from './index.ts';

/** A run in which a plugin does this. */
async function runOf(deed: () => unknown): Promise<unknown> {
  const plugin = definePlugin({ name: 'patches', hooks: [hook('PAUSE_DEVICES', deed as () => void)] });
  const host = await createPluginHost({ plugins: [plugin] });
  await host.start('dump');
  try {
    return await host.call('PAUSE_DEVICES', { pid: 1 } as never).catch((error: unknown) => error);
  } finally {
    await host.finish({ ok: true });
  }
}

const deeds: readonly [name: string, deed: () => unknown][] = [
  ['Array.prototype.map', () => Object.assign(Array.prototype, { map: () => [] })],
  ['JSON.stringify', () => Object.assign(JSON, { stringify: () => 'x' })],
  ['setTimeout', () => Object.assign(globalThis, { setTimeout: () => 0 })],
  ['process.nextTick', () => Object.assign(process, { nextTick: () => undefined })],
  ['Object.keys', () => Reflect.deleteProperty(Object, 'keys')],
  [
    'Map.prototype.get',
    () =>
      Object.defineProperty(Map.prototype, 'get', {
        get: () => {
          throw new Error('trap');
        },
        configurable: true,
      }),
  ],
  ['Object.prototype.value', () => Object.assign(Object.prototype, { value: 1 })],
  [
    'Set.prototype.has',
    async () => {
      await Promise.resolve();
      Object.assign(Set.prototype, { has: () => true });
    },
  ],
  [
    'Promise',
    () => {
      Object.assign(globalThis, { Promise: class {} });
      throw new Error('after that');
    },
  ],
];

const builtIns = (): readonly unknown[] => [
  Array.prototype.map,
  JSON.stringify,
  setTimeout,
  process.nextTick,
  Object.keys,
  Set.prototype.has,
  Promise,
];

test.each(deeds)('a plugin that replaces %s is named, and it is put back', async (name, deed) => {
  const before = builtIns();
  expect(await runOf(deed)).toMatchObject({ code: 'HOOK_FAILED', plugin: 'patches', hook: 'PAUSE_DEVICES' });
  expect(await runOf(deed)).toMatchObject({ message: expect.stringContaining(`replaced ${name}, which`) });
  expect(builtIns()).toEqual(before);
  expect(new Map([[1, 2]]).get(1)).toBe(2);
  expect('value' in {}).toBe(false);
});

test("what others replace, and what is only added, is nobody else's fault", async () => {
  const { keys } = Object;
  Object.keys = (of) => keys(of);
  try {
    expect(await runOf(() => void Object.assign(Array.prototype, { polyfilled: () => 1 }))).toEqual({ claimed: false });
  } finally {
    Object.keys = keys;
    Reflect.deleteProperty(Array.prototype, 'polyfilled');
  }
});
