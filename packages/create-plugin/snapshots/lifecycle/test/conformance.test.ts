import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { beforeAll } from 'vitest';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.
const folder = join(tmpdir(), `conformance-${process.pid}`);

beforeAll(() => {
  mkdirSync(folder);
  return () => {
    rmSync(folder, { recursive: true });
  };
});

const options = { notes: folder };

describeConformance(plugin, { options });
