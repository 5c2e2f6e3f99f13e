import { openSync } from 'node:fs';
import type { PretendTreeOptions } from '@criujs/plugin-testing';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { describe } from 'vitest';
import { findDevice } from '../example/device.ts';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.
const device = findDevice();
const { path, flags } = device ?? { path: 'this machine has none that this user may open', flags: 0 };

const tree: PretendTreeOptions = {
  files: [{ path, flags, open: () => openSync(path, flags) }],
};

describe.skipIf(device === null)(`with a real device: ${path}`, () => describeConformance(plugin, { tree }));
