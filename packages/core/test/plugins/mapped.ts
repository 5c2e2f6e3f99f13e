import { openSync } from 'node:fs';
import { definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { record } from './record.ts';

/** The major number of loop devices (Documentation/admin-guide/devices.txt). */
const loop = 7;

/** Takes maps of loop devices, and makes them from the second page of CRIUJS_TEST_INSTEAD, if there is one. */
export default definePlugin({
  name: 'test-mapped',
  version: '1.0.0',
  hooks: [
    hook(
      'HANDLE_DEVICE_VMA',
      ({ fd, stat }) => {
        record({ call: 'dump', usable: fd > 2, ...stat });
        return stat.rdev.major === loop ? undefined : notSupported;
      },
      { claim: ({ stat }) => stat.rdev.major === loop },
    ),
    hook('UPDATE_VMA_MAP', ({ path, address, oldOffset }) => {
      record({ call: 'restore', path, address, oldOffset });
      const instead = process.env['CRIUJS_TEST_INSTEAD'];
      return instead === undefined ? undefined : { offset: 4096, fd: openSync(instead, 'r+') };
    }),
  ],
});
