import { describeConformance } from '@criujs/plugin-testing/vitest';
import plugin from '../src/index.ts';

// What the plugin is for. The checks dump and restore it, make every call fail in turn, and look what is left behind.

describeConformance(plugin, {
  tree: {
    maps: [{ path: '/dev/zero', rdev: { major: 1, minor: 5 } }],
  },
});
