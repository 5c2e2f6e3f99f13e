import { openSync } from 'node:fs';
import type { FileOptions } from '@criujs/plugin-testing';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { findDevice } from '../example/device.ts';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.

const device = findDevice();
const files: FileOptions[] = [];
if (device !== null) {
  const { path, flags } = device;
  files.push({ path, flags, kind: 'character', open: () => openSync(path, flags) });
}

describeConformance(plugin, {
  tree: {
    files,
  },
});
