import type { CoreEntry, EntryOf } from '@criujs/images';
import type { TaskImage } from '../../engine/restore/read.ts';
import { filterProgram, seccompFlag, seccompMode } from '../../facts/seccomp.ts';
import { isSet } from '../is-set.ts';
import { between, hold, invalid } from '../rules.ts';

/** A filter as a restore sets it. */
export interface LoadedFilter {
  readonly program: Uint8Array;
  readonly flags: number;
}

/** What a thread is held to; its filters in the order in which they are set. */
export type ThreadLimits =
  | { readonly mode: 'none' }
  | { readonly mode: 'strict' }
  | { readonly mode: 'filter'; readonly chain: readonly LoadedFilter[] };

type Filters = EntryOf<'SECCOMP'>['seccompFilters'];

const file = 'seccomp.img';
const { instruction, most } = filterProgram;
const flags = seccompFlag.tsync | seccompFlag.log | seccompFlag.allowSpeculation;

/** Whether the images say that a thread is held to anything. Images of CRIU before 3.0 say it of the process. */
export function modeOf({ threadCore, tc }: CoreEntry): number {
  return threadCore?.seccompMode || tc?.oldSeccompMode || seccompMode.disabled;
}

/** What each thread of a process is held to, the main thread first. @throws EngineError IMAGE_INVALID */
export function limitsOf(image: TaskImage, filters: Filters): ThreadLimits[] {
  const own = image.cores.map((core, at): ThreadLimits => {
    const mode = modeOf(core);
    if (mode === seccompMode.disabled) return { mode: 'none' };
    if (mode === seccompMode.strict) return { mode: 'strict' };
    if (mode !== seccompMode.filter) throw invalid(`core-${image.threads[at]}.img`, `an unknown seccomp mode: ${mode}`);
    const first = core.threadCore?.seccompMode ? core.threadCore.seccompFilter : (core.tc?.oldSeccompFilter ?? 0);
    return { mode: 'filter', chain: chainFrom(filters, first) };
  });
  const [main, ...others] = own;
  if (main?.mode !== 'filter' || !main.chain.some((it) => it.flags & seccompFlag.tsync)) return own;
  if (others.some(({ mode }) => mode !== 'none'))
    throw invalid(file, `process ${image.pid} gives its filters to all its threads, and one has others`);
  return own.map(() => main);
}

function chainFrom(filters: Filters, first: number): LoadedFilter[] {
  const chain: LoadedFilter[] = [];
  for (let next: number | undefined = first; next !== undefined; ) {
    const found: Filters[number] | undefined = filters[next];
    if (found === undefined) throw invalid(file, `there is no filter ${next}`);
    if (chain.length === filters.length) throw invalid(file, `the filters behind filter ${first} have no end`);
    const name = `filter ${next}`;
    hold(found, file, [
      between(`the number of bytes of ${name}`, ({ filter }) => filter.length, instruction, most * instruction),
    ]);
    if (found.filter.length % instruction !== 0) throw invalid(file, `${name} ends within an instruction`);
    if (found.flags & ~flags) throw invalid(file, `${name} has unknown flags: 0x${found.flags.toString(16)}`);
    chain.push({ program: found.filter, flags: found.flags });
    next = isSet(found, 'prev') ? found.prev : undefined;
  }
  return chain;
}
