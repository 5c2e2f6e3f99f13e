import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResourceQuestion } from '@criujs/plugin-host/manifest';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineError, type FoundRefusal, refusedDump } from '../errors/errors.ts';
import type { FoundRow, PlanRow } from '../interface/results.ts';
import { suggestForRefused, suggestForRows } from './suggestions.ts';

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'criujs-suggestions-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function install(name: string, plugin: string, main = './index.js'): void {
  const folder = join(cwd, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  const criu = { plugin, apiVersion: 1, hooks: ['DUMP_EXT_FILE'], resources: { files: ['anon_inode:[radio]'] } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, keywords: ['criu-plugin'], exports: main, criu }));
  writeFileSync(join(folder, 'index.js'), 'throw new Error("it ran");');
}

const file = {
  path: 'anon_inode:[radio]',
  kind: 'anonymous',
  rdev: null,
  inode: 12n,
  flags: 0,
  position: 0,
  owner: null,
  holders: [],
} as const;
const questions: readonly ResourceQuestion[] = [{ hook: 'DUMP_EXT_FILE', args: { file } }];
const loadAny = 'Load a plugin.';
const row: FoundRow = {
  ...{ pid: 7, command: 'tune', subject: 'file', resource: 'descriptor 3: anon_inode:[radio]' },
  ...{ taker: null, why: 'nobody takes it', remedy: loadAny, questions },
};
const loadRadio = 'Load plugin radio, which is installed and made for it: --plugin criujs-plugin-radio.';

test('what nobody takes comes with the packages that would, first in its remedy', async () => {
  install('criujs-plugin-radio', 'radio');
  const [only] = await suggestForRows([row], { cwd, loaded: [] });
  const { questions: _, ...plain } = row;
  expect(only).toEqual({
    ...plain,
    remedy: `${loadRadio} Or: ${loadAny}`,
    suggestions: [expect.objectContaining({ package: 'criujs-plugin-radio', plugin: 'radio', from: 'installed' })],
  });
});

test('all are listed, and few are named in words', async () => {
  for (const name of ['a', 'b', 'c', 'd']) install(`criujs-plugin-${name}`, name);
  const [only] = await suggestForRows([row], { cwd, loaded: [] });
  expect(only?.suggestions).toHaveLength(4);
  expect(only?.remedy?.split(' Or: ')).toHaveLength(4);
});

test('one that would not be loaded is named with what to do about it', async () => {
  install('criujs-plugin-radio', 'radio', './none.js');
  const [only] = await suggestForRows([row], { cwd, loaded: [] });
  expect(only?.remedy).toMatch(
    /^Mend the installed package criujs-plugin-radio, which has plugin radio for it: no plugin /,
  );
});

test('what somebody takes, and what a loaded plugin declined, gets none', async () => {
  install('criujs-plugin-radio', 'radio');
  const { questions: _, ...plain } = row;
  expect(await suggestForRows([row], { cwd, loaded: ['radio'] })).toEqual([plain]);
  const taken = { ...row, taker: { engine: 'file' } };
  expect(await suggestForRows([taken], { cwd, loaded: [] })).toEqual([{ ...plain, taker: { engine: 'file' } }]);
});

test('another engine may take it: the package is named all the same', async () => {
  install('criujs-plugin-radio', 'radio');
  const ofCriu: PlanRow = {
    ...{ pid: 7, command: 'tune', subject: 'file', resource: 'x' },
    taker: { engine: 'CRIU' },
  };
  expect(await suggestForRows([row], { cwd, loaded: [] }, () => ofCriu)).toEqual([
    { ...ofCriu, remedy: loadRadio, suggestions: [expect.anything()] },
  ]);
});

test('a refused dump says it in its refusals and in its message', async () => {
  install('criujs-plugin-radio', 'radio');
  const refusal: FoundRefusal = {
    pid: 7,
    command: 'tune',
    resource: 'x',
    why: 'nobody takes it',
    remedy: loadAny,
    questions,
  };
  const { questions: _, ...plain } = refusal;
  const refused = refusedDump({ pid: 7, command: 'tune' }, [refusal, { ...plain, resource: 'y' }], { plugin: 'other' });
  const error = await suggestForRefused(refused, cwd, async () => []);
  expect(error).toMatchObject({
    code: 'UNSUPPORTED',
    pid: 7,
    plugin: 'other',
    summary: refused.summary,
    stack: refused.stack,
  });
  expect(error.refusals).toEqual([
    { ...plain, remedy: `${loadRadio} Or: ${loadAny}`, suggestions: [expect.objectContaining({ plugin: 'radio' })] },
    { ...plain, resource: 'y' },
  ]);
  expect(error.message).toContain(`7 (tune) x: nobody takes it. ${loadRadio} Or: ${loadAny}`);
});

test('any other error stays as it is, and nobody is asked', async () => {
  const error = new EngineError('ABORTED', 'over');
  const asked = async (): Promise<never> => {
    throw new Error('asked');
  };
  expect(await suggestForRefused(error, cwd, asked)).toBe(error);
});
