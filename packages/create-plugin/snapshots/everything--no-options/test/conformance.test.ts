import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileOptions } from '@criujs/plugin-testing';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { afterAll } from 'vitest';
import { findDevice } from '../example/device.ts';
import { startPretendDevice } from '../example/pretend-device.ts';
import { startService } from '../example/service.ts';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.
const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
afterAll(() => rmSync(folder, { recursive: true }));

const device = findDevice();
const files: FileOptions[] = [];
if (device !== null) {
  const { path, flags } = device;
  files.push({ path, flags, kind: 'character', open: () => openSync(path, flags) });
}

const service = await startService(join(folder, 'example.sock'));
afterAll(() => service.close());

// This process has a session with the pretend device, and so it is the one that is paused.
const accelerator = await startPretendDevice(join(folder, 'accelerator'));
afterAll(() => accelerator.end());
const session = openSync(await accelerator.openSession('conformance'), 'r');
afterAll(() => closeSync(session));
process.env['PRETEND_DEVICE'] = accelerator.folder;

describeConformance(plugin, {
  tree: {
    processes: [{ pid: process.pid }],
    files,
    sockets: [{ peerName: service.path }],
    mounts: [{ mountpoint: '/mnt/data' }],
    links: [{ kind: 'dummy' }],
    maps: [{ path: '/dev/zero', rdev: { major: 1, minor: 5 } }],
  },
});
