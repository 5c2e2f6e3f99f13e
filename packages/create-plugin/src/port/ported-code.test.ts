import { type HookName, hookTable } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import type { Answers, PortedPlugin } from '../answers.ts';
import { portedCode } from './ported-code.ts';

const ported: PortedPlugin = {
  source: 'device.so',
  format: 'elf',
  structure: 'descriptor',
  name: 'device_plugin',
  init: null,
  exit: null,
  hooks: [],
  unknown: [],
  hooksRead: 'no hooks read',
  complete: true,
  notes: [],
  devices: [],
};
const answers = { pluginName: 'radio', options: false } as Answers;

function made(more: Partial<PortedPlugin>): ReadonlyMap<string, string> {
  return new Map(portedCode(answers, { ...ported, ...more }).map(({ path, content }) => [path, content]));
}

test.each(Object.keys(hookTable) as HookName[])('%s alone: one hook, one function that names its original', (hook) => {
  const files = made({ hooks: [{ hook, function: 'the_original', parameters: null }] });
  const index = files.get('src/index.ts') ?? '';
  expect([...index.matchAll(/hook\('(\w+)'/g)].map(([, name]) => name)).toEqual([hook]);
  const [module, ...others] = [...files.keys()].filter((it) => it.startsWith('src/') && it !== 'src/index.ts');
  expect(others).toEqual([]);
  const code = files.get(module ?? '') ?? '';
  expect(code).toMatch(/^ \* Was the_original\(.*\)\.$/m);
  expect(code).toContain(`HookHandler<'${hook}'>`);
  expect(code.includes('return notSupported;')).toBe(hookTable[hook].kind === 'handler');
});

test('init and exit are there when the original had them', () => {
  expect([...made({}).keys()]).toEqual(['src/index.ts', 'test/conformance.test.ts', 'test/hooks.test.ts']);
  const files = made({ init: 'start', exit: '' });
  expect(files.get('src/index.ts')).toMatch(/init: lifecycle\.init,\n {2}exit: lifecycle\.exit,\n {2}hooks: \[\],/);
  expect(files.get('src/lifecycle.ts')).toContain('Was start(int stage).');
  expect(files.get('src/lifecycle.ts')).toContain('Was a function (int stage, int ret) whose name is stripped.');
});

test('names of the existing plugin can do no harm', () => {
  const evil = '*/ process.exit(); /*\n\u202e`';
  const files = made({
    source: evil,
    name: evil,
    unknown: [evil],
    init: evil,
    hooks: [{ hook: 'DUMP_EXT_FILE', function: evil, parameters: [evil, evil] }],
    complete: false,
    notes: [evil],
  });
  for (const content of files.values()) {
    expect(content).not.toContain('*/ process');
    expect(content).not.toMatch(/^.*process\.exit.*$(?<!^ \*.*|^\/\/.*)/m);
    expect(content).not.toContain('\u202e');
  }
});
