import { mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PretendTreeOptions } from '@criujs/plugin-testing';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { beforeAll } from 'vitest';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.
const folder = join(tmpdir(), `conformance-${process.pid}`);
const file = join(folder, 'file');

beforeAll(() => {
  mkdirSync(folder);
  writeFileSync(file, 'the words of a real file');
  return () => {
    rmSync(folder, { recursive: true });
  };
});

const tree: PretendTreeOptions = {
  files: [{ path: file, kind: 'regular', open: () => openSync(file, 'r+') }],
};
const options = { devices: [file] };

describeConformance(plugin, { tree, options });
