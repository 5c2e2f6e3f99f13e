import { arena, syscall } from '@criujs/linux';
import { definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { record } from './record.ts';

// perf_event_open(2): struct perf_event_attr, by offset.
const attribute = { type: 0, size: 4, config: 8, sampleFreq: 16, sampleType: 24, flags: 40 } as const;
const size = 64; // PERF_ATTR_SIZE_VER0
const PERF_TYPE_SOFTWARE = 1;
const PERF_SAMPLE_TIME = 4n;
const freq = 1n << 10n;

/** The event of programs/perf.c: the clock of processor 0, with 500 samples a second. */
function openEvent(): number {
  return arena.scope(() => {
    const { address, view } = arena.alloc(size);
    view.setUint32(attribute.type, PERF_TYPE_SOFTWARE, true);
    view.setUint32(attribute.size, size, true);
    view.setBigUint64(attribute.sampleFreq, 500n, true);
    view.setBigUint64(attribute.sampleType, PERF_SAMPLE_TIME, true);
    view.setBigUint64(attribute.flags, freq, true);
    return syscall('perf_event_open', address, -1, 0, -1, 0);
  });
}

/** Brings back a perf event; its memory map is made from the descriptor that this answers. */
export default definePlugin({
  name: 'test-perf',
  hooks: [
    hook('DUMP_EXT_FILE', ({ id, file }) => {
      if (file.path !== 'anon_inode:[perf_event]') return notSupported;
      record({ call: 'dump', id, ...file });
    }),
    hook('RESTORE_EXT_FILE', ({ id }) => {
      record({ call: 'restore', id });
      return openEvent();
    }),
  ],
});
