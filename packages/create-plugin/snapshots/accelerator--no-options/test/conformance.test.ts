import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PretendTreeOptions } from '@criujs/plugin-testing';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { beforeAll } from 'vitest';
import { startPretendDevice } from '../example/pretend-device.ts';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.
const folder = join(tmpdir(), `conformance-${process.pid}`);
process.env['PRETEND_DEVICE'] = join(folder, 'accelerator');

beforeAll(async () => {
  mkdirSync(folder);
  const accelerator = await startPretendDevice(join(folder, 'accelerator'));
  // This process has a session with the pretend device, and so it is the one that is paused.
  const session = openSync(await accelerator.openSession('conformance'), 'r');
  return async () => {
    closeSync(session);
    await accelerator.end();
    rmSync(folder, { recursive: true });
  };
});

const tree: PretendTreeOptions = {
  processes: [{ pid: process.pid }],
};

describeConformance(plugin, { tree });
