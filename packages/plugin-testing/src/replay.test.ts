import { openSync, readSync, writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRecorder, decodeRecord, type Recorder } from '@criujs/plugin-host';
import { definePlugin, hook, notSupported, type Plugin, retryLater } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dump, type PretendTree, pretendTree, type RunSettings, replay, restore } from './index.ts';

let tree: PretendTree;
let lines: string[];
let recorder: Recorder;

beforeEach(async () => {
  tree = await pretendTree({
    files: [{ path: '/dev/kvm' }, { content: 'state', path: '/run/it' }],
    maps: [{}],
    sockets: [{}],
  });
  lines = [];
  recorder = createRecorder((line) => void lines.push(line));
});
afterEach(() => tree.close());

const recorded = (plugins: Plugin[]): RunSettings => ({
  plugins,
  wrapHost: recorder.host,
  wrapSections: recorder.sections,
});

/** Answers with everything that can be recorded. */
function device(offset = 4096n): Plugin {
  let asked = 0;
  return definePlugin({
    name: 'device',
    version: '1.0.0',
    hooks: [
      hook('DUMP_EXT_FILE', ({ id, file }, { image }) => image.writeJson(`file-${id}`, file.path)),
      hook('RESTORE_EXT_FILE', async ({ id, file }, { image }) => {
        asked += 1;
        if (asked === 1) return retryLater;
        if ((await image.readJson(`file-${id}`)) !== file.path) throw new Error('that is another file');
        return openSync(devNull, 'r');
      }),
      hook('DUMP_UNIX_SK', () => undefined),
      hook('RESTORE_UNIX_SK', () => openSync(devNull, 'r+')),
      hook('HANDLE_DEVICE_VMA', () => undefined),
      hook('UPDATE_VMA_MAP', ({ oldOffset }) => ({ offset: oldOffset + offset, fd: openSync(devNull, 'r') })),
      hook('POST_FORKING', () => undefined),
    ],
  });
}

test('a recorded dump and restore have the same answers again', async () => {
  const first = [device()];
  const image = await dump(tree, recorded(first));
  await restore(image, recorded(first));
  const file = join(tree.folder, 'run.jsonl');
  writeFileSync(file, lines.join(''));

  const report = await replay(file, [device()]);
  expect(report).toMatchObject({ ok: true, differences: [] });
  expect(report.runs.map((it) => [it.stage, it.ok])).toEqual([
    ['dump', true],
    ['restore', true],
  ]);
  expect(report.runs[1]?.calls.length).toBe(8);
  expect((await replay(pathToFileURL(file), [device()])).ok).toBe(true);
});

test('a restore is replayed without its images', async () => {
  const image = await dump(tree, [device()]);
  await restore(image, recorded([device()]));
  const report = await replay(decodeRecord(lines.join('')), [device()]);
  expect(report).toMatchObject({ ok: true, runs: [{ stage: 'restore' }] });
  expect(Object.keys(report.runs[0]?.sections['device'] ?? {})).toEqual(['file-2', 'file-1']);
});

test('another answer is a difference', async () => {
  await restore(await dump(tree, [device()]), recorded([device()]));
  const report = await replay(decodeRecord(lines.join('')), [device(8192n)]);
  expect(report).toMatchObject({
    ok: false,
    differences: [
      {
        hook: 'UPDATE_VMA_MAP',
        recorded: 'claimed by device: source 4096 with a descriptor',
        now: 'claimed by device: source 8192 with a descriptor',
      },
    ],
  });
});

test('a run that failed is replayed up to its failure', async () => {
  const broken = definePlugin({
    name: 'device',
    hooks: [
      hook('DUMP_EXT_FILE', ({ file }) => (file.path === '/dev/kvm' ? notSupported : Promise.reject(new Error('no')))),
    ],
  });
  await dump(tree, recorded([broken]));
  const record = decodeRecord(lines.join(''));
  expect(await replay(record, [broken])).toMatchObject({
    ok: true,
    runs: [{ ok: false, error: { code: 'HOOK_FAILED' } }],
  });
  const { differences } = await replay(record, [device()]);
  expect(differences.map((it) => [it.hook, it.recorded, it.now])).toEqual([
    ['HANDLE_DEVICE_VMA', 'claimed by nobody', 'claimed by device: nothing'],
    ['DUMP_EXT_FILE', 'claimed by nobody', 'claimed by device: nothing'],
    ['DUMP_EXT_FILE', 'failed: HOOK_FAILED of device', 'claimed by device: nothing'],
  ]);
});

test('a run that was killed ends with a call that has no answer', async () => {
  await dump(tree, recorded([device()]));
  const at = lines.findIndex((it) => it.includes('"DUMP_EXT_FILE"') && it.includes('"call"'));
  const report = await replay(decodeRecord(lines.slice(0, at + 1).join('')), [device()]);
  expect(report).toMatchObject({ ok: true, differences: [] });
  expect(report.runs[0]?.calls.at(-1)?.hook).toBe('DUMP_EXT_FILE');
});

test('how a run ended is told again: exits hear of it', async () => {
  const heard: boolean[] = [];
  const plugin = definePlugin({
    name: 'device',
    exit: (_stage, { ok }) => void heard.push(ok),
    hooks: device().hooks as never,
  });
  const faults = [{ hook: 'HANDLE_DEVICE_VMA', fault: 'engine-failed' }] as const;
  await dump(tree, { ...recorded([plugin]), faults });
  const report = await replay(decodeRecord(lines.join('')), [plugin]);
  expect(report).toMatchObject({ ok: true, runs: [{ ok: false, error: { code: 'ENGINE_FAILED' } }] });
  expect(heard).toEqual([false, false]);
});

test('an init that fails then or now is a difference', async () => {
  const weak = definePlugin({ name: 'device', init: () => Promise.reject(new Error('no')), hooks: [] });
  const fit = definePlugin({ name: 'device', hooks: [] });
  await dump(tree, recorded([weak]));
  const record = decodeRecord(lines.join(''));
  expect((await replay(record, [weak])).differences).toEqual([]);
  expect(await replay(record, [fit])).toMatchObject({
    ok: false,
    differences: [{ n: 0, hook: 'init', recorded: 'failed: PLUGIN_INIT_FAILED of device', now: 'began' }],
  });
});

test('what is lent may be real', async () => {
  await dump(tree, recorded([device()]));
  const read: string[] = [];
  const reader = definePlugin({
    name: 'device',
    hooks: [
      ...(device().hooks.filter((it) => it.hook !== 'DUMP_EXT_FILE') as never[]),
      hook('DUMP_EXT_FILE', ({ fd }) => {
        const bytes = Buffer.alloc(8);
        read.push(bytes.toString('latin1', 0, readSync(fd, bytes)));
      }),
    ],
  });
  const lend = (call: { hook: string; args: object }): number | undefined =>
    call.hook === 'DUMP_EXT_FILE' ? tree.files[1]?.open() : undefined;
  expect((await replay(decodeRecord(lines.join('')), { plugins: [reader], lend })).ok).toBe(true);
  expect(read).toEqual(['state', 'state']);
});

test('what is no record is refused', async () => {
  const file = join(tree.folder, 'none.jsonl');
  writeFileSync(file, 'hello\n');
  await expect(replay(file, [])).rejects.toMatchObject({ code: 'RECORD_INVALID' });
});
