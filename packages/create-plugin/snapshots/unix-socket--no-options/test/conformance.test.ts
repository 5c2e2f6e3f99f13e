import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PretendTreeOptions } from '@criujs/plugin-testing';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { beforeAll } from 'vitest';
import { startService } from '../example/service.ts';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.
const folder = join(tmpdir(), `conformance-${process.pid}`);
const socket = join(folder, 'example.sock');

beforeAll(async () => {
  mkdirSync(folder);
  const service = await startService(socket);
  return async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  };
});

const tree: PretendTreeOptions = {
  sockets: [{ peerName: socket }],
};

describeConformance(plugin, { tree });
