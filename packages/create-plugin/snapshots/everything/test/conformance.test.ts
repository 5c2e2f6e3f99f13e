import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PretendTreeOptions } from '@criujs/plugin-testing';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { beforeAll } from 'vitest';
import { startPretendDevice } from '../example/pretend-device.ts';
import { startService } from '../example/service.ts';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.
const folder = join(tmpdir(), `conformance-${process.pid}`);
const file = join(folder, 'file');
const socket = join(folder, 'example.sock');

beforeAll(async () => {
  mkdirSync(folder);
  writeFileSync(file, 'the words of a real file');
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
  files: [{ path: file, kind: 'regular', open: () => openSync(file, 'r+') }],
  sockets: [{ peerName: socket }],
  mounts: [{ mountpoint: '/mnt/data' }],
  links: [{ kind: 'dummy' }],
  maps: [{ path: '/dev/zero', rdev: { major: 1, minor: 5 } }],
};
const options = { devices: [file], accelerator: join(folder, 'accelerator'), notes: folder };

describeConformance(plugin, { tree, options });
