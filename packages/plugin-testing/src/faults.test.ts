import { fstatSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { definePlugin, hook, type Plugin } from '@criujs/plugin-sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { callsOf, dump, type Fault, type PretendTree, pretendTree, restore } from './index.ts';

let tree: PretendTree;
/** Descriptors that the plugin opened, and how its exit was called. */
let opened: number[];
let exits: string[];

beforeEach(async () => {
  tree = await pretendTree({ files: [{}, {}] });
  opened = [];
  exits = [];
});
afterEach(() => tree.close());

function keeper(name = 'keeper'): Plugin {
  return definePlugin({
    name,
    exit: (_stage, outcome) => void exits.push(`${name} ${outcome.ok ? 'ok' : outcome.error.code}`),
    hooks: [
      hook('DUMP_EXT_FILE', ({ id }, { image }) => image.writeJson(`file-${id}`, id)),
      hook('RESTORE_EXT_FILE', () => {
        const fd = openSync(devNull, 'r');
        opened.push(fd);
        return fd;
      }),
      hook('CHECKPOINT_DEVICES', ({ pid }, { log }) => log.info(`checkpoint ${pid}`)),
    ],
  });
}

const isClosed = (fd: number): boolean => {
  try {
    fstatSync(fd);
    return false;
  } catch {
    return true;
  }
};

test('a refused call goes to the next plugin', async () => {
  const faults: Fault[] = [{ hook: 'DUMP_EXT_FILE', plugin: 'keeper', fault: 'refused' }];
  const report = await dump(tree, { plugins: [keeper(), keeper('other')], faults });
  expect(report.ok).toBe(true);
  expect(callsOf(report, 'DUMP_EXT_FILE').map((it) => it.asked)).toEqual([
    [
      { plugin: 'keeper', answer: 'refused' },
      { plugin: 'other', answer: 'claimed' },
    ],
    [{ plugin: 'keeper', answer: 'claimed' }],
  ]);
  expect(Object.keys(report.sections['keeper'] ?? {})).toEqual(['file-2']);
});

test('every call refused leaves a file with nobody', async () => {
  const faults: Fault[] = [{ hook: 'DUMP_EXT_FILE', call: 'every', fault: 'refused' }];
  const report = await dump(tree, { plugins: [keeper()], faults });
  expect(report).toMatchObject({ ok: false, error: { code: 'UNSUPPORTED' } });
  expect(report.struck).toHaveLength(2);
});

test.each(['EIO', 5])('a call answers the errno %s', async (errno) => {
  const faults: Fault[] = [{ hook: 'DUMP_EXT_FILE', call: 2, fault: 'errno', errno }];
  const report = await dump(tree, { plugins: [keeper()], faults });
  expect(report.error).toMatchObject({ code: 'HOOK_FAILED', plugin: 'keeper', hook: 'DUMP_EXT_FILE', errno });
  expect(callsOf(report, 'DUMP_EXT_FILE').map((it) => it.answer?.claimed)).toEqual([true, undefined]);
  expect(callsOf(report, 'DUMP_EXT_FILE')[1]?.error).toBe(report.error);
  expect(report.image).toBeUndefined();
  expect(exits).toEqual(['keeper HOOK_FAILED']);
});

test('an errno in init fails the start, and exit is called', async () => {
  const report = await dump(tree, { plugins: [keeper()], faults: [{ hook: 'init', fault: 'errno', errno: 'ENODEV' }] });
  expect(report).toMatchObject({
    error: { code: 'PLUGIN_INIT_FAILED', errno: 'ENODEV' },
    calls: [],
    inits: ['keeper'],
  });
  expect(exits).toEqual(['keeper PLUGIN_INIT_FAILED']);
});

test('an errno in exit is given back', async () => {
  const report = await dump(tree, { plugins: [keeper()], faults: [{ hook: 'exit', fault: 'errno', errno: 'EBUSY' }] });
  expect(report).toMatchObject({ ok: true, exitErrors: [{ code: 'HOOK_FAILED', hook: 'exit', errno: 'EBUSY' }] });
});

test('a slow call is late, and what it opened is closed', async () => {
  const dumped = await dump(tree, [keeper()]);
  const faults: Fault[] = [{ hook: 'RESTORE_EXT_FILE', fault: 'slow' }];
  const report = await restore(dumped, { plugins: [keeper()], faults, deadline: 200 });
  expect(report.error).toMatchObject({ code: 'HOOK_TIMEOUT', plugin: 'keeper' });
  expect(opened).toHaveLength(1);
  await vi.waitFor(() => expect(opened.every(isClosed)).toBe(true), 60_000);
});

test('a call may be slow and in time', async () => {
  const report = await dump(tree, { plugins: [keeper()], faults: [{ fault: 'slow', ms: 30 }] });
  expect(report.ok).toBe(true);
  expect(callsOf(report, 'CHECKPOINT_DEVICES')[0]?.ms).toBeGreaterThan(25);
});

test('an interrupted run ends at once, cleans up and calls nothing else', async () => {
  const dumped = await dump(tree, [keeper()]);
  exits = [];
  const faults: Fault[] = [{ hook: 'RESTORE_EXT_FILE', call: 2, fault: 'interrupted' }];
  const report = await restore(dumped, { plugins: [keeper()], faults });
  expect(report.error).toMatchObject({ code: 'ABORTED', hook: 'RESTORE_EXT_FILE' });
  expect(callsOf(report, 'RESUME_DEVICES_LATE')).toEqual([]);
  expect(exits).toEqual(['keeper ABORTED']);
  expect(opened).toHaveLength(2);
  await vi.waitFor(() => expect(opened.every(isClosed)).toBe(true), 60_000);
});

test('a run that was aborted from outside does not begin', async () => {
  const report = await dump(tree, { plugins: [keeper()], signal: AbortSignal.abort() });
  expect(report).toMatchObject({ ok: false, error: { code: 'ABORTED' }, calls: [] });
});

test('the engine fails after a call: exit hears of it', async () => {
  const dumped = await dump(tree, [keeper()]);
  exits = [];
  const faults: Fault[] = [{ hook: 'RESTORE_EXT_FILE', fault: 'engine-failed' }];
  const report = await restore(dumped, { plugins: [keeper()], faults });
  expect(report.error).toMatchObject({ code: 'ENGINE_FAILED' });
  expect(callsOf(report, 'RESTORE_EXT_FILE')[0]?.answer?.claimed).toBe(true);
  expect(exits).toEqual(['keeper ENGINE_FAILED']);
  expect(opened.every(isClosed)).toBe(true);
});

test('the host is gone: nothing is called any more, and the next run starts afresh', async () => {
  const report = await dump(tree, { plugins: [keeper()], faults: [{ hook: 'DUMP_EXT_FILE', fault: 'host-gone' }] });
  expect(report).toMatchObject({ ok: false, error: { code: 'HOST_GONE' }, exits: [], exitErrors: [] });
  expect(callsOf(report, 'DUMP_EXT_FILE')).toHaveLength(1);
  expect(exits).toEqual([]);
  expect((await dump(tree, [keeper()])).ok).toBe(true);
});

test('exit may be called twice on demand', async () => {
  await dump(tree, { plugins: [keeper()], exitTwice: true });
  expect(exits).toEqual(['keeper ok', 'keeper ok']);
});

test('a fault that fits no call does not strike', async () => {
  const report = await dump(tree, { plugins: [keeper()], faults: [{ call: 99, fault: 'engine-failed' }] });
  expect(report).toMatchObject({ ok: true, struck: [] });
});

test.each<[string, Fault]>([
  ['an observer cannot be refused', { hook: 'PAUSE_DEVICES', fault: 'refused' }],
  ['exit cannot be refused', { hook: 'exit', fault: 'refused' }],
  ['calls count from 1', { call: 0, fault: 'engine-failed' }],
])('%s', async (_what, fault) => {
  await expect(dump(tree, { plugins: [], faults: [fault] })).rejects.toMatchObject({ code: 'BAD_FAULT' });
});
