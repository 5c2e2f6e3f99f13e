import type { PretendTreeOptions } from '@criujs/plugin-testing';
import { describeConformance } from '@criujs/plugin-testing/vitest';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.

const tree: PretendTreeOptions = {
  mounts: [{ mountpoint: '/mnt/data' }],
};

describeConformance(plugin, { tree });
