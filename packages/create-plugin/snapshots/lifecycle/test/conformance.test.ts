import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import { afterAll } from 'vitest';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.
const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
afterAll(() => rmSync(folder, { recursive: true }));

describeConformance(plugin, {
  options: { notes: folder },
});
