import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import { type DumpReport, dump, pretendTree, restore } from '@criujs/plugin-testing';
import '@criujs/plugin-testing/vitest';
import { afterAll, expect, test } from 'vitest';
import { startPretendDevice } from '../example/pretend-device.ts';
import plugin from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'notes-'));
afterAll(() => rmSync(folder, { recursive: true }));
const options = { [plugin.name]: { notes: folder } };
const note = join(folder, `radio-${process.pid}.json`);

/** Another plugin of the same run: it sees what the machine looks like meanwhile. */
function watcher(seen: string[]) {
  return definePlugin({
    name: 'watcher',
    hooks: [hook('CHECKPOINT_DEVICES', () => void seen.push(readFileSync(note, 'utf8')))],
  });
}

async function dumpOnce(seen: string[], more: object = {}): Promise<DumpReport> {
  await using tree = await pretendTree();
  return dump(tree, { plugins: [plugin, watcher(seen)], options, ...more });
}

test('a run leaves a note as long as it lasts', async () => {
  const seen: string[] = [];
  const dumped = await dumpOnce(seen);
  expect(dumped.error).toBeUndefined();
  expect(JSON.parse(seen[0] ?? '')).toEqual({ stage: 'dump', pid: process.pid });
  expect(existsSync(note)).toBe(false);
  expect(dumped).toHaveExitedCleanly();
});

test('a run that fails leaves none either', async () => {
  const seen: string[] = [];
  const dumped = await dumpOnce(seen, { faults: [{ hook: 'CHECKPOINT_DEVICES', fault: 'engine-failed' }] });
  expect(dumped.ok).toBe(false);
  expect(seen).toHaveLength(1);
  expect(existsSync(note)).toBe(false);
  expect(dumped).toHaveLogged('the dump failed');
});

test('a restore on another machine tells', async () => {
  const { image } = await dumpOnce([]);
  if (image === undefined) throw new Error('it was not dumped');
  const settings = { plugins: [plugin], options };
  expect((await restore(image, settings)).logs).toEqual([]);
  const elsewhere = { [plugin.name]: { origin: Buffer.from('{"host":"elsewhere","at":"yesterday"}') } };
  expect(await restore({ ...image, sections: elsewhere }, settings)).toHaveLogged('dumped on elsewhere');
});

test.skipIf(process.platform !== 'linux')('none is left either where another part cannot clean up', async () => {
  const place = mkdtempSync(join(tmpdir(), 'radio-'));
  const device = await startPretendDevice(place);
  const session = openSync(await device.openSession('work'), 'r');
  const settings = { options: { [plugin.name]: { notes: folder, accelerator: place } } };
  const breaker = definePlugin({
    name: 'breaker',
    hooks: [
      hook('CHECKPOINT_DEVICES', async () => {
        await device.end();
        throw new Error('the device is gone');
      }),
    ],
  });
  await using tree = await pretendTree({ processes: [{ pid: process.pid }] });
  const dumped = await dump(tree, { plugins: [plugin, breaker], ...settings });
  closeSync(session);
  rmSync(place, { recursive: true, force: true });
  expect(dumped.error?.message).toContain('the device is gone');
  expect(dumped.exitErrors[0]?.message).toContain('sessions stay paused');
  expect(existsSync(note)).toBe(false);
});
