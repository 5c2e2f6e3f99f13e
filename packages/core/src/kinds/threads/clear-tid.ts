import { prctl } from '../../facts/prctl.ts';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { ThreadKind, ThreadPart } from './kind.ts';

/** Where the kernel writes 0 when the thread ends. set_tid_address(2). */
export const clearTid: ThreadKind = {
  name: 'clear_child_tid',
  describe: [],
  ask: askAddress,
  calls: ({ info }) => [{ name: 'set_tid_address', args: [info.clearTidAddr], what: 'set clear_child_tid' }],
};

function askAddress(area: Area): Inquiry<ThreadPart> {
  const out = area.reserve(8);
  return {
    calls: [['prctl', prctl.getTidAddress, out]],
    answer: (_, read) => ({ threadInfo: { clearTidAddr: read(out, 8).readBigUInt64LE(0) } }),
  };
}
