import { describe, expect, test } from 'vitest';
import { inspectC } from './c/read-c.ts';
import type { CInspection, ElfInspection, Inspection } from './inspection.ts';
import { inspectJavaScript } from './javascript/read-javascript.ts';
import { whereItLoads } from './where-it-loads.ts';

const machine = ({ x64: 'x86_64', arm64: 'aarch64' } as Record<string, string>)[process.arch] ?? process.arch;
const compiled: ElfInspection = {
  format: 'elf',
  structure: 'descriptor',
  path: '/a.so',
  name: 'a',
  version: '0.2.0',
  versionNumber: 0x200,
  maxHooks: 7,
  machine,
  byteOrder: 'little',
  init: null,
  exit: null,
  hooks: [{ hook: 'DUMP_EXT_FILE', function: null, parameters: null }],
  unknown: [],
  complete: true,
  notes: [],
  libraries: ['libc.so.6'],
  symbols: [{ name: 'print_on_level', weak: false, library: null, atOnce: false }],
  bindNow: false,
};

/** `+` it loads, `-` it does not, `?` nobody knows: the embedded engine, then CRIU's releases, oldest first. */
function marks(inspection: Inspection): string {
  const { embedded, criu } = whereItLoads(inspection);
  return [embedded, ...criu].map(({ loads }) => (loads === null ? '?' : loads ? '+' : '-')).join('');
}

describe('a compiled plugin', () => {
  const symbol = (name: string, more: object = {}): object => ({
    symbols: [{ name, weak: false, library: null, atOnce: false, ...more }],
  });

  test.each([
    ['a descriptor needs CRIU 1.4', {}, '+-++++++'],
    ['10 hooks need CRIU 3.17', { maxHooks: 10 }, '+--+++++'],
    ['12 hooks need CRIU 4.0', { maxHooks: 12 }, '+---++++'],
    ['13 hooks need CRIU 4.2', { maxHooks: 13 }, '+-----++'],
    ['15 hooks need a CRIU after 4.2', { maxHooks: 15 }, '+------+'],
    ['a number that only loading it tells', { maxHooks: null, complete: false }, '+-??????'],
    ['99 hooks are refused everywhere', { maxHooks: 99 }, '--------'],
    ['a newer version is refused everywhere', { version: '0.3.0', versionNumber: 0x300 }, '--------'],
    ['an older one is not', { version: '0.1.5', versionNumber: 0x105 }, '+-++++++'],
    ['the version of functions makes CRIU abort', { version: '0.1.0', versionNumber: 0x100 }, '+-------'],
    [
      'the old structure loads everywhere',
      { structure: 'functions', maxHooks: null, versionNumber: 0x100 },
      '++++++++',
    ],
    ['the inventory needs CRIU 4.1', symbol('add_inventory_plugin'), '+----+++'],
    ['a strange symbol of nobody', symbol('fdstore_add'), '--??????'],
    ['a strange symbol that a library may have', { ...symbol('cuInit'), libraries: ['libcuda.so.1'] }, '?-??????'],
    ['a weak one may be missing', symbol('fdstore_add', { weak: true }), '+-++++++'],
    ['one of libc', symbol('puts', { library: 'libc.so.6' }), '+-++++++'],
    ['another machine', { machine: 's390x' }, '--++++++'],
  ])('%s', (_, more, expected) => {
    expect(marks({ ...compiled, ...more } as ElfInspection)).toBe(expected);
  });

  test('each refusal has a reason', () => {
    const { embedded, criu } = whereItLoads({ ...compiled, maxHooks: 99 });
    expect(embedded.why).toBe('it declares 99 hooks; 15 are known');
    expect(criu.find((it) => it.releases === '4.2')?.why).toBe('it declares 99 hooks, but this CRIU knows 13');
  });

  test('hooks that nobody calls there are told', () => {
    const hooks = (['DUMP_EXT_LINK', 'PAUSE_DEVICES', 'RESTORE_INIT'] as const).map((hook) => ({
      hook,
      function: null,
      parameters: null,
    }));
    const { embedded, criu } = whereItLoads({ ...compiled, structure: 'functions', maxHooks: null, hooks });
    expect(embedded.uncalled).toEqual(['DUMP_EXT_LINK']);
    expect(criu.map((it) => it.uncalled.length)).toEqual([2, 2, 2, 1, 1, 1, 0]);
  });
});

test.each([
  ['CR_PLUGIN_REGISTER_DUMMY("a")', '+-++++++'],
  ['CR_PLUGIN_REGISTER_DUMMY("a") CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, p)', '+---++++'],
  ['CR_PLUGIN_REGISTER_DUMMY("a") CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__FLY, fly)', '--------'],
  ['int cr_plugin_pause_devices(int pid) { return 0; }', '++++++++'],
])('a text in C, once it is compiled: %s', (text, expected) => {
  expect(marks(inspectC(text, 'a.c'))).toBe(expected);
});

test.each([
  ['export const cr_plugin_init = () => 0;', '+--+++++'],
  ["exports.CR_PLUGIN_DESC = { name: 'a', version: 0x300 };", '--------'],
  ["exports.CR_PLUGIN_DESC = { name: 'a', hooks: { 99: f } };", '--------'],
  ["export default definePlugin({ name: 'a', hooks: [] });", '+--+++++'],
])('a module, under CRIU by the bridge: %s', (text, expected) => {
  expect(marks(inspectJavaScript(text, 'a.js'))).toBe(expected);
});

test('a text in C says what it takes to compile it, and that more hooks may be there', () => {
  const { libraries: _, symbols: __, bindNow: ___, ...same } = compiled;
  const text: CInspection = { ...same, format: 'c', internalHeaders: [], devices: [] };
  expect(whereItLoads(text).embedded).toMatchObject({ loads: true, why: 'once it is compiled' });
  const internal = { ...text, internalHeaders: [{ header: 'util.h', file: 'a.c', line: 3 }] };
  expect(whereItLoads(internal).embedded.why).toBe('once it is compiled, which needs the source of CRIU');
  expect(marks({ ...text, complete: false })).toBe('+-??????');
});
