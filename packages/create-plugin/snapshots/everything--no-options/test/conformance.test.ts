import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PretendTreeOptions } from '@criujs/plugin-testing';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { beforeAll, describe } from 'vitest';
import { findDevice } from '../example/device.ts';
import { startPretendDevice } from '../example/pretend-device.ts';
import { startService } from '../example/service.ts';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.
const folder = join(tmpdir(), `conformance-${process.pid}`);
const device = findDevice();
const { path, flags } = device ?? { path: 'this machine has none that this user may open', flags: 0 };
const socket = join(folder, 'example.sock');
process.env['PRETEND_DEVICE'] = join(folder, 'accelerator');

beforeAll(async () => {
  mkdirSync(folder);
  const service = await startService(socket);
  const accelerator = await startPretendDevice(join(folder, 'accelerator'));
  // This process has a session with the pretend device, and so it is the one that is paused.
  const session = openSync(await accelerator.openSession('conformance'), 'r');
  return async () => {
    closeSync(session);
    await accelerator.end();
    await service.close();
    rmSync(folder, { recursive: true });
  };
});

const tree: PretendTreeOptions = {
  processes: [{ pid: process.pid }],
  files: [{ path, flags, open: () => openSync(path, flags) }],
  sockets: [{ peerName: socket }],
  mounts: [{ mountpoint: '/mnt/data' }],
  links: [{ kind: 'dummy' }],
  maps: [{ path: '/dev/zero', rdev: { major: 1, minor: 5 } }],
};

describe.skipIf(device === null)(`with a real device: ${path}`, () => describeConformance(plugin, { tree }));
