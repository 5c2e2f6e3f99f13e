import { definePlugin, type Plugin, type SchemaResult, type StandardSchemaV1 } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import { createPluginHost, type HostError } from './index.ts';

function schema<O>(
  validate: (value: unknown) => SchemaResult<O> | Promise<SchemaResult<O>>,
): StandardSchemaV1<unknown, O> {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

function plugin<O>(name: string, options: StandardSchemaV1<unknown, O>, seen: unknown[] = []): Plugin {
  return definePlugin<O>({ name, options, init: (_, context) => void seen.push(context.options), hooks: [] });
}

async function errorOf(plugins: Plugin[], options = {}): Promise<HostError> {
  return createPluginHost({ plugins, options, deadline: 50 }).then(
    () => expect.unreachable(),
    (error: HostError) => error,
  );
}

test('a plugin gets what its schema returned', async () => {
  const seen: unknown[] = [];
  const withDefault = schema(async (value) => ({ value: { retries: 3, ...(value as object) } }));
  const host = await createPluginHost({
    plugins: [plugin('a', withDefault, seen), plugin('b', withDefault, seen)],
    options: { b: { path: '/x' } },
  });
  await host.start('dump');
  await host.finish({ ok: true });
  expect(seen).toEqual([{ retries: 3 }, { retries: 3, path: '/x' }]);
});

test('issues are told with their paths', async () => {
  const issues = [
    { message: 'must be a number', path: ['slots', 2, { key: 'size' }] },
    { message: 'is unknown', path: ['colour'] },
    { message: 'is required' },
  ];
  const error = await errorOf([
    plugin(
      'kvm',
      schema(() => ({ issues })),
    ),
  ]);
  expect(error).toMatchObject({ code: 'PLUGIN_OPTIONS', plugin: 'kvm', remedy: expect.any(String) });
  expect(error.message).toContain('kvm.slots[2].size: must be a number; kvm.colour: is unknown; kvm: is required');
});

test('the mistakes of all plugins are told at once', async () => {
  const wrong = schema(() => ({ issues: [{ message: 'is wrong' }] }));
  const error = await errorOf([plugin('a', wrong), plugin('b', wrong)]);
  expect(error.errors?.map((it) => it.plugin)).toEqual(['a', 'b']);
});

test('a schema that throws, hangs or answers nonsense', async () => {
  const thrower = schema(() => {
    throw new Error('boom');
  });
  expect(await errorOf([plugin('a', thrower)])).toMatchObject({
    code: 'PLUGIN_OPTIONS',
    hook: 'options',
    message: expect.stringContaining('boom'),
  });
  expect(
    await errorOf([
      plugin(
        'a',
        schema(() => new Promise<never>(() => {})),
      ),
    ]),
  ).toMatchObject({ code: 'HOOK_TIMEOUT', hook: 'options' });
  expect(
    await errorOf([
      plugin(
        'a',
        schema(() => undefined as never),
      ),
    ]),
  ).toMatchObject({ code: 'HOOK_BAD_RESULT', hook: 'options' });
});

test('inherited names are no options', async () => {
  const seen: unknown[] = [];
  const host = await createPluginHost({
    plugins: [definePlugin({ name: 'constructor', init: (_, it) => void seen.push(it.options), hooks: [] })],
  });
  await host.start('dump');
  await host.finish({ ok: true });
  expect(seen).toEqual([undefined]);
});

test('options for a plugin that is not loaded are a mistake, with a suggestion', async () => {
  const kvm = definePlugin({ name: 'kvm', hooks: [] });
  expect(await errorOf([kvm], { kvmm: {} })).toMatchObject({
    code: 'PLUGIN_OPTIONS',
    plugin: 'kvmm',
    message: expect.stringContaining('no such plugin is loaded'),
    remedy: 'Did you mean kvm?',
  });
  expect(await errorOf([kvm], { gpu: {} })).toMatchObject({ remedy: expect.stringContaining('Loaded: kvm. Load gpu') });
  expect(await errorOf([], { gpu: {} })).toMatchObject({ remedy: expect.stringContaining('None is loaded') });
});

test('a plugin whose name was misspelled is not said to lack its options', async () => {
  const wrong = schema(() => ({ issues: [{ message: 'is required', path: ['device'] }] }));
  expect(await errorOf([plugin('kvm', wrong)], { kvmm: { device: 1 } })).toMatchObject({ plugin: 'kvmm' });
});

test('such a mistake and a wrong value are told at once', async () => {
  const wrong = schema(() => ({ issues: [{ message: 'is wrong' }] }));
  const error = await errorOf([plugin('kvm', wrong)], { gpu: {} });
  expect(error.errors?.map((it) => it.plugin)).toEqual(['gpu', 'kvm']);
});

test('a schema sees an empty object where nothing was given', async () => {
  const seen: unknown[] = [];
  const keep = schema((value) => ({ value }));
  const host = await createPluginHost({
    plugins: [plugin('a', keep, seen), plugin('b', keep, seen)],
    options: { b: null },
  });
  await host.start('dump');
  await host.finish({ ok: true });
  expect(seen).toEqual([{}, null]);
});
