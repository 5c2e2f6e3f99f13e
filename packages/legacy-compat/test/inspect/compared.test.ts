import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ElfInspection, type Inspection, inspectFile } from '@criujs/legacy-compat/inspect';
import { hookTable } from '@criujs/plugin-sdk';
import { describe, expect, test } from 'vitest';
import { compilerMissing, compilersHere, headers, temporaryFolder } from '../compile.ts';
import { type Sample, samples } from './samples.ts';

// What the text of a plugin tells is what its compiled file tells: each sample is compiled against our headers, and both are read.

function write(folder: string, { text, beside = {}, file = 'plugin.c' }: Sample): string {
  for (const [name, content] of Object.entries({ ...beside, [file]: text })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return join(folder, file);
}

function compile(compiler: string, source: string, flags: readonly string[]): string {
  const made = source.replace(/\.\w+$/, '.so');
  const common = ['-shared', '-fPIC', '-Wall', '-Wno-unused-function', `-I${headers}`, '-o', made];
  execFileSync(compiler, [...common, ...flags, source], { stdio: 'pipe' });
  return made;
}

async function compiled(path: string): Promise<ElfInspection> {
  const found = await inspectFile(path);
  if (found.format !== 'elf') throw new Error(`it was taken for ${found.format}`);
  return found;
}

const functionsOf = ({ hooks }: Inspection): readonly string[] => hooks.map((it) => `${it.hook} ${it.function}`);

describe.skipIf(compilerMissing !== null)(
  `text and compiled file${compilerMissing === null ? '' : ` (${compilerMissing})`}`,
  () => {
    const ways = compilersHere.flatMap(({ c, cpp }) => ['-O0', '-O2', '-Os'].map((level) => ({ c, cpp, level })));

    test.each(ways.flatMap((way) => samples.map((sample) => ({ ...way, sample, title: sample.title }))))(
      'tell the same, by $c $level: $title',
      async ({ c, cpp, level, sample }) => {
        const source = write(temporaryFolder(), sample);
        const told = await inspectFile(source);
        const found = await compiled(
          compile(source.endsWith('.c') ? c : cpp, source, [level, ...(sample.flags ?? [])]),
        );
        expect(functionsOf(told)).toEqual(sample.hooks);
        // In C++ a function's name is longer in the file.
        if (source.endsWith('.c')) expect(functionsOf(found)).toEqual(functionsOf(told));
        expect(found.hooks.map(({ hook }) => hook)).toEqual(told.hooks.map(({ hook }) => hook));
        const own = ({ name, structure, init, exit }: Inspection): unknown => ({ name, structure, init, exit });
        expect(own(told)).toEqual(own(found));
        expect(found).toMatchObject({ complete: true, notes: [] });
        expect(told.complete).toBe(true);
      },
    );

    const levels = [
      ['-O0'],
      ['-O1'],
      ['-O2'],
      ['-O3'],
      ['-Os'],
      ['-O2', '-flto'],
      ['-O2', '-fno-plt'],
      ['-O2', '-fsanitize=address'],
    ];
    test.each(
      compilersHere.flatMap(({ c, cpp }) =>
        levels.flatMap((flags) => [c, cpp].map((it) => ({ it, flags, name: flags.join(' ') }))),
      ),
    )('the headers declare as many hooks as were registered, by $it $name', async ({ it, flags }) => {
      const highest = { none: 0, DUMP_UNIX_SK: 1, PAUSE_DEVICES: 11, DUMP_DEVICES_LATE: 15 };
      for (const [hook, declares] of Object.entries(highest)) {
        // In an order that is not that of their numbers.
        const all = hook === 'none' ? [] : [hook, 'DUMP_UNIX_SK'];
        const text = `#include "criu-plugin.h"
static int a(int x) { return x; }
static int b(int x) { return x + 1; }
CR_PLUGIN_REGISTER_DUMMY("counted")
${[...new Set(all)].map((name, index) => `CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__${name}, ${'ab'[index]})`).join('\n')}`;
        const source = write(temporaryFolder(), {
          title: '',
          text,
          hooks: [],
          file: it.includes('+') ? 'a.cpp' : 'a.c',
        });
        const found = await compiled(compile(it, source, flags));
        expect({ hook, ...found }).toMatchObject({ maxHooks: declares, complete: true, notes: [] });
        expect(found.hooks.map((one) => one.hook)).toEqual([...new Set(all)].sort(byNumber));
      }
    });
  },
);

function byNumber(a: string, b: string): number {
  return (
    (hookTable as Record<string, { number: number }>)[a]!.number -
    (hookTable as Record<string, { number: number }>)[b]!.number
  );
}
