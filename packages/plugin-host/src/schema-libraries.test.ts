import { definePlugin, type StandardSchemaV1 } from '@criujs/plugin-sdk';
import { describe, expect, test } from 'vitest';
import { createPluginHost, type HostError } from './index.ts';

// Schemas as their users write them, of the libraries that speak Standard Schema. Each is a dev dependency of the repository.

/** What a test needs of any of them; their own types are not read, so that nothing breaks where they are not installed. */
// biome-ignore lint/suspicious/noExplicitAny: a module that may not be there has no types
type Library = any;

const schemas: Readonly<Record<string, (library: Library) => StandardSchemaV1>> = {
  zod: ({ z }) =>
    z.object({
      device: z.number().int().default(0),
      slots: z.array(z.object({ size: z.number() })).default([]),
    }),
  valibot: (v) =>
    v.object({
      device: v.optional(v.pipe(v.number(), v.integer()), 0),
      slots: v.optional(v.array(v.object({ size: v.number() })), []),
    }),
  arktype: ({ type }) =>
    type({
      device: 'number.integer = 0',
      slots: type({ size: 'number' })
        .array()
        .default(() => []),
    }),
};

const libraries = await Promise.all(
  Object.keys(schemas).map(async (name) => {
    const library: Library = await import(name).catch(() => null);
    return { name, library, note: library === null ? `${name} (not installed: npm install --save-dev ${name})` : name };
  }),
);

describe.each(libraries)('$note', ({ name, library }) => {
  const optionsOf = async (options?: Record<string, unknown>): Promise<unknown> => {
    let seen: unknown;
    const plugin = definePlugin({
      name: 'gpu',
      options: (schemas[name] as (it: Library) => StandardSchemaV1)(library),
      init: (_, context) => {
        seen = context.options;
      },
      hooks: [],
    });
    const host = await createPluginHost({ plugins: [plugin], ...(options === undefined ? {} : { options }) });
    await host.start('dump');
    await host.finish({ ok: true });
    return seen;
  };

  test.skipIf(library === null)('fills in what was not given', async () => {
    expect(await optionsOf()).toEqual({ device: 0, slots: [] });
    expect(await optionsOf({ gpu: { device: 3, slots: [{ size: 1 }] } })).toEqual({ device: 3, slots: [{ size: 1 }] });
  });

  test.skipIf(library === null)('says where the mistakes are', async () => {
    const error: HostError = await optionsOf({ gpu: { device: 'x', slots: [{ size: 1 }, { size: 'y' }] } }).then(
      () => expect.unreachable(),
      (it) => it,
    );
    expect(error).toMatchObject({ code: 'PLUGIN_OPTIONS', plugin: 'gpu' });
    // Not all tell the mistakes in the order of the keys.
    for (const path of ['gpu.device: ', 'gpu.slots[1].size: ']) expect(error.message).toContain(path);
  });
});
