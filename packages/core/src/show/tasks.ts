import { decodePagemap, type EntryOf, pageCount } from '@criujs/images';
import { taskState } from '../facts/tasks.ts';
import type { Reader } from './reader.ts';
import type { ShownTask } from './shown.ts';

/** A task as it is shown, and what leads from it to its files. */
export interface SeenTask {
  readonly shown: Omit<ShownTask, 'program'>;
  /** The number of its table of descriptors. */
  readonly filesId: number | null;
  /** The file that it runs. */
  readonly exe: number | null;
}

const pageSize = 4096n;
/** Of a pagemap entry: the page is in an older dump. */
const inParent = 1;

const states: Readonly<Record<number, ShownTask['state']>> = {
  [taskState.alive]: 'alive',
  [taskState.dead]: 'zombie',
  [taskState.stopped]: 'stopped',
};

/** Every process of the tree, with what its images tell. */
export function seeTasks(reader: Reader): SeenTask[] {
  if (!reader.names.has('pstree.img')) reader.note('pstree.img: it is missing');
  return reader.entries('PSTREE', 'pstree.img').map((entry) => seeTask(entry, reader));
}

function seeTask({ pid, ppid, pgid, sid, threads }: EntryOf<'PSTREE'>, reader: Reader): SeenTask {
  const core = only(reader, 'CORE', `core-${pid}.img`);
  const state = states[core?.tc?.taskState ?? 0] ?? null;
  const ids = core?.ids ?? reader.entries('IDS', `ids-${pid}.img`)[0];
  const shown = {
    pid,
    ppid,
    pgid,
    sid,
    threads: threads.length,
    state,
    command: core?.tc?.comm ?? null,
    memory: memoryOf(pid, reader),
  };
  const exe = reader.entries('MM', `mm-${pid}.img`)[0]?.exeFileId ?? null;
  return { shown, filesId: ids?.filesId ?? null, exe };
}

function only(reader: Reader, kind: 'CORE', name: string): EntryOf<'CORE'> | undefined {
  if (!reader.names.has(name)) reader.note(`${name}: it is missing`);
  return reader.entries(kind, name)[0];
}

function memoryOf(pid: number, reader: Reader): number | null {
  const name = `pagemap-${pid}.img`;
  const bytes = reader.bytes(name);
  if (bytes === null) return null;
  return reader.attempt(name, () => {
    const { entries } = decodePagemap(bytes, { file: name });
    const own = entries.filter(({ flags, inParent: old }) => !old && (flags & inParent) === 0);
    return Number(own.reduce((sum, entry) => sum + pageCount(entry), 0n) * pageSize);
  });
}
