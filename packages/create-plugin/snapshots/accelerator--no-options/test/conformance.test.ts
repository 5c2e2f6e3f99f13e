import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { afterAll } from 'vitest';
import { startPretendDevice } from '../example/pretend-device.ts';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.
const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
afterAll(() => rmSync(folder, { recursive: true }));

// This process has a session with the pretend device, and so it is the one that is paused.
const accelerator = await startPretendDevice(join(folder, 'accelerator'));
afterAll(() => accelerator.end());
const session = openSync(await accelerator.openSession('conformance'), 'r');
afterAll(() => closeSync(session));
process.env['PRETEND_DEVICE'] = accelerator.folder;

describeConformance(plugin, {
  tree: {
    processes: [{ pid: process.pid }],
  },
});
