import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HookName, hookTable } from '@criujs/plugin-sdk';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readManifest } from '../../packages/plugin-host/src/manifest/read.ts';
import { manifestSchemas } from '../../scripts/docs/manifest-schemas.ts';

// One source, two readers: what an editor says about the field `criu` is what criujs says about it.

const root = fileURLToPath(new URL('../..', import.meta.url));
const schemas = manifestSchemas();
const textOf = (name: string): string => readFileSync(join(root, 'packages/plugin-sdk/schemas', name), 'utf8');

test.each(Object.entries(schemas))('%s is the one made from what reads manifests', (file, made) => {
  expect(readFileSync(join(root, file), 'utf8'), 'run npm run docs').toBe(made);
});

const ajv = new Ajv({ strict: true, allErrors: true });
const byField = ajv.compile(JSON.parse(textOf('criu-field.schema.json')));
const byPackage = ajv.compile(JSON.parse(textOf('package.schema.json')));

const whole = {
  plugin: 'radio',
  apiVersion: 1,
  hooks: Object.keys(hookTable) as HookName[],
  imageVersion: 2,
  resources: {
    devices: [{ path: '/dev/radio*', kind: 'block', major: 240, minor: { from: 0, to: 7 }, driver: 'radio' }],
    sockets: ['/run/radio.sock', '@radio'],
    files: ['anon_inode:[radio]', '/opt/radio/**'],
    mounts: ['/mnt/radio'],
    links: ['radio*'],
  },
  tools: [{ name: 'radio-ctl', version: '2 or later' }],
};

/** Whether both say the same of it, and what they say. */
function isValid(criu: unknown): boolean {
  const reading = readManifest({ criu });
  const valid = reading.state === 'valid' && reading.unknown.length === 0;
  expect({ criu, valid: byField(criu) }).toEqual({ criu, valid });
  expect(byPackage({ name: 'x', criu })).toBe(valid);
  return valid;
}

test('both accept a manifest with everything, and one with nothing that may be left out', () => {
  expect(isValid(whole)).toBe(true);
  expect(isValid({ plugin: 'radio', apiVersion: 1, hooks: [] })).toBe(true);
});

const device = { path: '/dev/radio' };
test.each([
  [[]],
  ['radio'],
  [null],
  [{}],
  [{ ...whole, plugin: 'Radio' }],
  [{ ...whole, plugin: '' }],
  [{ ...whole, plugin: 'r'.repeat(257) }],
  [{ ...whole, apiVersion: 0 }],
  [{ ...whole, apiVersion: 1.5 }],
  [{ ...whole, hooks: 'DUMP_EXT_FILE' }],
  [{ ...whole, hooks: ['DUMP_FILE'] }],
  [{ ...whole, hook: [] }],
  [{ ...whole, imageVersion: '2' }],
  [{ ...whole, resources: [] }],
  [{ ...whole, resources: { device: [] } }],
  [{ ...whole, resources: { devices: [{ kind: 'character' }] } }],
  [{ ...whole, resources: { devices: [[]] } }],
  [{ ...whole, resources: { devices: [{ ...device, kind: 'char' }] } }],
  [{ ...whole, resources: { devices: [{ ...device, major: 4096 }] } }],
  [{ ...whole, resources: { devices: [{ ...device, minor: { from: 3 } }] } }],
  [{ ...whole, resources: { devices: [{ ...device, minor: [] }] } }],
  [{ ...whole, resources: { devices: [{ ...device, driver: 'two words' }] } }],
  [{ ...whole, resources: { devices: Array(129).fill(device) } }],
  [{ ...whole, resources: { sockets: [''] } }],
  [{ ...whole, resources: { files: ['/a\n/b'] } }],
  [{ ...whole, resources: { files: ['/\u{1f4fb}'] } }],
  [{ ...whole, tools: [{ name: 'rm -rf /' }] }],
  [{ ...whole, tools: ['radio-ctl'] }],
])('both refuse %j', (criu) => {
  expect(isValid(criu)).toBe(false);
});

test('both say the same of anything that has some of the fields', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('radio', '/dev/radio', 'DUMP_EXT_FILE', 'character'));
  const number = fc.oneof(fc.integer({ min: -1, max: 5000 }), fc.double());
  const scalar = fc.oneof(text, number, fc.constant(null), fc.boolean());
  const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: scalar });
  const some = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
    maybe(fc.record(fields, { requiredKeys: [] }));
  const list = (item: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => maybe(fc.array(item, { maxLength: 3 }));
  const minor = fc.oneof(number, some({ from: number, to: number }));
  const devices = list(some({ path: text, kind: text, major: number, minor, driver: text }));
  const resources = some({ devices, sockets: list(text), files: list(text), mounts: list(text), links: list(text) });
  const tools = list(some({ name: text, version: text }));
  const mostly = <T>(value: T, others: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 9, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: others });
  const hooks = mostly(['DUMP_EXT_FILE'], list(text));
  const criu = fc.record(
    {
      plugin: mostly('radio', text),
      apiVersion: mostly(1, number),
      hooks,
      imageVersion: number,
      resources,
      tools,
      other: scalar,
    },
    { requiredKeys: ['plugin', 'apiVersion', 'hooks'] },
  );
  fc.assert(
    fc.property(criu, (it) => {
      // As JSON brings it: without undefined, NaN and negative zero.
      isValid(JSON.parse(JSON.stringify(it)));
    }),
    { numRuns: 500 },
  );
});
