import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ElfInspection, inspectElf, inspectFile } from '@criujs/legacy-compat/inspect';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compiler } from '../../../core/test/harness/machine.ts';

const here = import.meta.dirname;
const fixture = (name: string): Uint8Array => readFileSync(join(here, name));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-inspect-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;

function compile(source: string, ...flags: readonly string[]): string {
  count += 1;
  const made = join(folder, `made-${count}.so`);
  execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', '-o', made, ...flags, join(here, source)], { stdio: 'pipe' });
  return made;
}

async function compiled(source: string, ...flags: readonly string[]): Promise<ElfInspection> {
  const found = await inspectFile(compile(source, ...flags));
  if (found.format !== 'elf') throw new Error(`it was taken for ${found.format}`);
  return found;
}

/** Whether the compiler takes a flag. */
function takes(...flags: readonly string[]): boolean {
  try {
    compile('functions.c', ...flags);
    return true;
  } catch {
    return false;
  }
}

const hooks = [
  { hook: 'DUMP_EXT_FILE', function: 'dump_it' },
  { hook: 'RESTORE_EXT_FILE', function: 'restore_it' },
  { hook: 'PAUSE_DEVICES', function: 'pause_it' },
  { hook: 'CHECKPOINT_DEVICES', function: 'checkpoint_it' },
] as const;
/** What a stripped file still tells: the names that others see. */
const stripped = hooks.map(({ hook, function: name }) => ({ hook, function: name === 'restore_it' ? name : null }));
const described = {
  format: 'elf',
  structure: 'descriptor',
  name: 'device_plugin',
  version: '0.2.0',
  versionNumber: 0x200,
  maxHooks: 15,
  unknown: [],
  complete: true,
  notes: [],
} as const;
const fromHost = ({ symbols }: ElfInspection): readonly string[] =>
  symbols
    .filter((it) => !it.weak && it.library === null)
    .map((it) => it.name)
    .sort();

/** Builds by other compilers, so that they are read on every machine: `cc -O2 -shared -fPIC -nostdlib -s descriptor.c`. */
describe('made elsewhere', () => {
  test('for aarch64', () => {
    expect(inspectElf(fixture('descriptor-aarch64.so'), 'a.so')).toMatchObject({
      ...described,
      machine: 'aarch64',
      byteOrder: 'little',
      hooks: stripped,
      init: { name: null },
    });
  });

  // clang --target=aarch64-linux-gnu -ffreestanding -fPIC, ld -shared -s: what criu-plugin.h makes of PAUSE_DEVICES and DUMP_UNIX_SK.
  test.each(['-O0', '-O2'])('for aarch64 with our headers, %s: hooks are counted while it is loaded', (level) => {
    expect(inspectElf(fixture(`counted-aarch64${level}.so`), 'a.so')).toMatchObject({
      name: 'counted',
      hooks: [{ hook: 'DUMP_UNIX_SK' }, { hook: 'PAUSE_DEVICES' }],
      maxHooks: 11,
      complete: true,
      notes: [],
    });
  });

  test('for s390x, where the code is not followed and bytes are the other way round', () => {
    expect(inspectElf(fixture('descriptor-s390x.so'), 'a.so')).toMatchObject({
      ...described,
      machine: 's390x',
      byteOrder: 'big',
      hooks: [],
      complete: false,
      notes: [expect.stringContaining('4 of its constructors could not be followed')],
    });
  });
});

test('a 32-bit file, and one cut off, are refused with a clear word', () => {
  const file = new Uint8Array(fixture('descriptor-aarch64.so'));
  const small = file.slice();
  small[4] = 1;
  expect(() => inspectElf(small, 'a.so')).toThrow(/it is a 32-bit ELF file; only 64-bit ones are read/);
  expect(() => inspectElf(file.subarray(0, 1000), 'a.so')).toThrow(
    /damaged ELF file: a segment is larger than the file/,
  );
  expect(() => inspectElf(file.subarray(0, 20), 'a.so')).toThrow(/damaged ELF file: it refers to byte/);
});

describe.skipIf(compiler === null)('compiled here (needs a C compiler)', () => {
  test.for([
    ['-O0'],
    ['-O2'],
    ['-Os'],
    ['-O2', '-flto'],
    ['-O3', '-fcf-protection=full'],
    ['-O2', '-Wl,-Bsymbolic'],
    ['-O2', '-Wl,-z,now'],
    ['-O2', '-fno-plt', '-Wl,--hash-style=sysv'],
    ['-O2', '-Wl,-z,pack-relative-relocs'],
    ['-O0', '-finstrument-functions'],
    ['-O1', '-fsanitize=address'],
  ])('a descriptor is read, and its hooks: %s', async (flags, { skip }) => {
    skip(!takes(...flags), `the compiler does not take ${flags.join(' ')}`);
    const found = await compiled('descriptor.c', ...flags);
    expect(found).toMatchObject({ ...described, init: { name: 'start' }, exit: { name: 'finish' }, hooks });
    expect(found.bindNow).toBe(flags.includes('-Wl,-z,now'));
    expect(fromHost(found).filter((it) => !it.startsWith('__asan'))).toEqual(['criu_get_image_dir', 'print_on_level']);
    const bare = await compiled('descriptor.c', '-s', ...flags);
    expect(bare).toMatchObject({ ...described, init: { name: null }, exit: { name: null }, hooks: stripped });
  });

  test('code that is not understood is said to be so, never passed over', async ({ skip }) => {
    skip(!takes('-mcmodel=large'), 'the compiler does not take -mcmodel=large');
    expect(await compiled('descriptor.c', '-O2', '-mcmodel=large')).toMatchObject({
      hooks: [],
      complete: false,
      notes: [expect.stringMatching(/they register dump_it, restore_it, pause_it, checkpoint_it$/)],
    });
  });

  test.for([
    ['a function without arguments', 'void set(void) { CR_PLUGIN_DESC.hooks[2] = dump_it; }', 'set();', true],
    [
      'one that is given the descriptor',
      'void set(descriptor *it) { it->hooks[2] = dump_it; }',
      'set(&CR_PLUGIN_DESC);',
      null,
    ],
    [
      'one that is given the hook',
      'void set(int it, void *f) { CR_PLUGIN_DESC.hooks[it] = f; }',
      'set(2, dump_it);',
      false,
    ],
  ] as const)('a hook that %s sets is read, or said to be missing', async ([, helper, call, complete]) => {
    const text = `#include "${join(here, 'plugin.h')}"
      static int dump_it(int fd, int id) { return fd + id; }
      REGISTER("helped", 0, 0)
      __attribute__((noinline)) ${helper}
      static void __attribute__((constructor)) register_all(void) { ${call} }`;
    writeFileSync(join(folder, 'helped.c'), text);
    for (const flag of ['-O0', '-O2', '-fno-plt']) {
      const made = join(folder, 'helped.so');
      execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', flag, '-o', made, join(folder, 'helped.c')]);
      const found = await inspectFile(made);
      if (complete !== null) expect(found.complete, flag).toBe(complete);
      expect(found.complete, flag).toBe(found.hooks.length === 1);
    }
  });

  test.for(['-O0', '-O2', '-s'])('functions with fixed names are read: %s', async (flag) => {
    const found = await compiled('functions.c', flag);
    expect(found).toMatchObject({
      structure: 'functions',
      name: null,
      version: '0.1.0',
      maxHooks: null,
      init: { name: 'cr_plugin_init' },
      exit: { name: 'cr_plugin_fini' },
      hooks: [
        { hook: 'DUMP_EXT_FILE', function: 'cr_plugin_dump_file' },
        { hook: 'RESTORE_EXT_FILE', function: 'cr_plugin_restore_file' },
      ],
      unknown: [{ hook: 'cr_plugin_dump_ext_file', function: 'cr_plugin_dump_ext_file' }],
      complete: true,
    });
    expect(fromHost(found)).toEqual([]);
  });

  test('a hook and a version that nobody knows are told', async () => {
    const found = await compiled('descriptor.c', '-DHOOKS=99', '-DVERSION=0x10302');
    expect(found).toMatchObject({ version: '1.3.2', maxHooks: 99 });
    const more = 'int fly(int x) { return x; } REGISTER_HOOK(77, fly)';
    writeFileSync(join(folder, 'more.c'), `#define HOOKS 99\n#include "${join(here, 'descriptor.c')}"\n${more}`);
    execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', '-o', join(folder, 'more.so'), join(folder, 'more.c')]);
    const { unknown } = await inspectFile(join(folder, 'more.so'));
    expect(unknown).toEqual([{ hook: '77', function: 'fly' }]);
  });

  test('one that declares more hooks than it has room for', async () => {
    const found = await compiled('descriptor.c', '-DMAX_HOOKS=99');
    expect(found).toMatchObject({
      maxHooks: 99,
      hooks,
      notes: [expect.stringMatching(/declares 99 hooks and has room for 15/)],
    });
  });

  test('libraries are told, and which of them has a symbol', async () => {
    const found = await compiled('functions.c');
    expect(found.libraries).toEqual(expect.arrayContaining([expect.stringMatching(/^libc\./)]));
    expect(found.symbols).toContainEqual({ name: 'puts', weak: false, library: found.libraries[0], atOnce: false });
  });

  test.for([
    [['-c'], /an object file that was not linked yet/],
    [['-fvisibility=hidden'], /exports neither CR_PLUGIN_DESC nor a function/],
    [['-DMAX_HOOKS=100000'], /declares 100000 hooks/],
  ] as const)('%s is refused with a clear word', async ([flags, message], { skip }) => {
    skip(!takes(...flags), `the compiler does not take ${flags.join(' ')}`);
    await expect(compiled('descriptor.c', ...flags)).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    });
  });

  test('a name that is empty, or none', async () => {
    writeFileSync(join(folder, 'bare.c'), `#include "${join(here, 'plugin.h')}"\nREGISTER(NAME, 0, 0)`);
    for (const name of ['""', '(char *)0']) {
      const made = join(folder, 'bare.so');
      execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', `-DNAME=${name}`, '-o', made, join(folder, 'bare.c')]);
      await expect(inspectFile(made)).rejects.toMatchObject({ message: expect.stringMatching(/has no name/) });
    }
  });

  test('nothing in a file is trusted: a changed one is read or refused', async () => {
    const files = [
      compile('descriptor.c', '-O2'),
      compile('descriptor.c', '-O2', '-flto', '-Wl,-z,now', '-s'),
      compile('functions.c', '-Wl,--hash-style=sysv'),
      ...(takes('-Wl,-z,pack-relative-relocs') ? [compile('descriptor.c', '-Wl,-z,pack-relative-relocs')] : []),
    ].map((it) => new Uint8Array(readFileSync(it)));
    for (const name of ['descriptor-aarch64.so', 'descriptor-s390x.so']) files.push(new Uint8Array(fixture(name)));
    const numbers = fc.constantFrom(
      0n,
      1n,
      8n,
      0x7fn,
      0xffn,
      0xffffn,
      0x7fff_ffffn,
      0xffff_ffffn,
      1n << 53n,
      (1n << 64n) - 1n,
    );
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      value: fc.oneof(numbers, fc.bigInt(0n, 0xffffn)),
      size: fc.constantFrom(1, 2, 4, 8),
    });
    let read = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        (file, changes, cut) => {
          const copy = file.slice();
          const [first] = changes;
          for (const { at, value, size } of changes) {
            // Half of them where the structure is: headers and tables come first.
            const place = Math.floor(at * at * (copy.length - 8));
            for (let index = 0; index < size; index += 1)
              copy[place + index] = Number((value >> BigInt(index * 8)) & 0xffn);
          }
          try {
            inspectElf(cut ? copy.subarray(0, Math.floor((first?.at ?? 0) * copy.length)) : copy, 'a.so');
            read += 1;
          } catch (error) {
            expect(error).toMatchObject({ name: 'PluginError', code: 'PLUGIN_INVALID' });
          }
        },
      ),
      { numRuns: 3000 },
    );
    expect(read, 'some changes do no harm').toBeGreaterThan(0);
  });
});
