import { readAuxv } from '@criujs/linux';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { ProcessKind, ProcessPart } from './kind.ts';

/** CRIU accepts at most this many words of the auxiliary vector. */
const mostAuxv = 44;

/**
 * Where code, heap, stack, arguments and environment lie. The engine sets it when the maps are in place (`engine/restore/mm.ts`):
 * it needs the program's descriptor, too.
 */
export const layout: ProcessKind = {
  name: 'layout of its memory',
  describe: [],
  look: ({ pid, stat }) => ({
    mm: {
      mmStartCode: stat.startCode,
      mmEndCode: stat.endCode,
      mmStartData: stat.startData,
      mmEndData: stat.endData,
      mmStartStack: stat.startStack,
      mmStartBrk: stat.startBrk,
      mmArgStart: stat.argStart,
      mmArgEnd: stat.argEnd,
      mmEnvStart: stat.envStart,
      mmEnvEnd: stat.envEnd,
      mmSavedAuxv: readAuxv(pid).slice(0, mostAuxv),
    },
  }),
  ask: () => [askBreak],
};

/** brk(2): 0 changes nothing and answers where it is. */
function askBreak(_: Area): Inquiry<ProcessPart> {
  return { calls: [['brk', 0]], answer: ([at = 0]) => ({ mm: { mmBrk: BigInt(at) } }) };
}
