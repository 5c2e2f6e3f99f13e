import { describeConformance } from '@criujs/plugin-testing/vitest';
import plugin from '../src/index.ts';

// The checks dump and restore the plugin, make every call fail in turn, and look what is left behind. There is no round trip
// as long as its hooks decline everything: give the checks a `tree` with what it is for, and leave `skip` out.
describeConformance(plugin, { skip: ['round-trip'] });
