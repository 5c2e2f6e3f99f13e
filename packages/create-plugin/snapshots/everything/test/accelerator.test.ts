import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump, type Fault, pretendTree, restore } from '@criujs/plugin-testing';
import '@criujs/plugin-testing/vitest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PretendDevice, startPretendDevice } from '../example/pretend-device.ts';
import { until } from '../example/until.ts';
import plugin from '../src/index.ts';

const isLinux = process.platform === 'linux';

describe.skipIf(!isLinux)(isLinux ? 'the pretend device' : 'the pretend device (needs /proc)', () => {
  let folder: string;
  let device: PretendDevice;
  let session: number;

  // This process uses the device: it holds a session open.
  const processes = [{ pid: process.pid }];
  const settings = () => ({ plugins: [plugin], options: { [plugin.name]: { accelerator: device.folder } } });
  const worksOn = async (): Promise<void> => {
    const before = device.done('work');
    await until('the device works', () => device.done('work') > before);
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'radio-'));
    device = await startPretendDevice(folder);
    session = openSync(await device.openSession('work'), 'r');
  });

  afterEach(async () => {
    closeSync(session);
    await device.end();
    rmSync(folder, { recursive: true });
  });

  test('stands still while its state is saved, and takes it up again after a restart', async () => {
    await worksOn();
    await using tree = await pretendTree({ processes });
    const dumped = await dump(tree, settings());
    expect(dumped.error).toBeUndefined();
    expect(dumped).toHaveCalled('PAUSE_DEVICES', 'CHECKPOINT_DEVICES');
    const { state } = JSON.parse(Buffer.from(dumped.sections[plugin.name]?.['session-work'] ?? []).toString());
    expect(Number(state)).toBeGreaterThan(0);

    await device.restart();
    const restored = await restore(dumped, settings());
    expect(restored.error).toBeUndefined();
    expect(device.done('work')).toBeGreaterThanOrEqual(Number(state));
    await worksOn();
  });

  test('works on when the dump fails', async () => {
    await using tree = await pretendTree({ processes });
    const faults: Fault[] = [{ hook: 'CHECKPOINT_DEVICES', fault: 'engine-failed' }];
    const dumped = await dump(tree, { ...settings(), faults });
    expect(dumped.ok).toBe(false);
    expect(dumped).toHaveLogged('work goes on');
    await worksOn();
  });

  test('works on after a pre-dump', async () => {
    await using tree = await pretendTree({ processes });
    expect((await dump(tree, { ...settings(), stage: 'pre-dump' })).error).toBeUndefined();
    await worksOn();
  });

  test('that is not there fails the dump, and the error says what to do', async () => {
    await device.end();
    await using tree = await pretendTree({ processes });
    const dumped = await dump(tree, settings());
    expect(dumped).toHaveFailedWith('HOOK_FAILED');
    expect(dumped.error?.remedy).toContain('See that the device');
  });
});
