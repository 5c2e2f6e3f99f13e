import type { ThreadAttributes } from '@criujs/engine-kit';
import type { CoreEntry, EntryInit, ThreadCoreEntry, ThreadInfoX86 } from '@criujs/images';
import type { Stat, Status } from '@criujs/linux';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { FrozenThread } from '../../machinery/freeze/freeze.ts';
import type { ThreadState } from '../../machinery/infect/threads.ts';
import type { Description } from '../description.ts';
import type { PartOf } from '../fields.ts';
import type { ProcessProblem } from '../processes/kind.ts';

/** What the kinds write of one thread: its core image, and what goes into criujs.json, because that has no place for it. */
export type ThreadFields = Pick<EntryInit<'CORE'>, 'threadCore' | 'threadInfo'> & {
  readonly record?: ThreadAttributes;
  /** What only the thread could tell, and nobody can dump: it is refused, and the program goes on. */
  readonly refused?: readonly ProcessProblem[];
};

/** What one kind writes. */
export type ThreadPart = PartOf<{ readonly [K in keyof ThreadFields]-?: NonNullable<ThreadFields[K]> }>;

/** What the images say of one thread. */
export interface ThreadImage {
  readonly own: ThreadCoreEntry;
  readonly info: ThreadInfoX86;
  readonly core: CoreEntry;
}

/** A thread while it is restored. */
export interface RestoredThread {
  readonly pid: number;
  readonly tid: number;
  /** What it has at present, inherited from the engine. */
  readonly stat: Stat;
  readonly status: Status;
  /** What criujs.json says of it; null for images of CRIU and of older releases. */
  readonly recorded: ThreadAttributes | null;
  /** Something that the user should know and that fails nothing. */
  warn(message: string): void;
}

/** A subject of a thread: how it is recognised, dumped and restored. It leaves out the parts that it does not need. */
export interface ThreadKind {
  /** In words, for docs and errors. */
  readonly name: string;
  /** Its words in the README's table of what can be dumped; none for a part that no user asks about. */
  readonly describe: readonly Description[];
  /** What of a frozen thread nobody can dump. Looks only. */
  recognise?(thread: FrozenThread): readonly ProcessProblem[];
  /** What can be read of a frozen thread from outside. */
  look?(thread: FrozenThread, state: ThreadState): ThreadPart;
  /** What only the thread can tell. */
  ask?(area: Area, thread: FrozenThread): Inquiry<ThreadPart>;
  /** Checks what the images say, before the first process is made. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
  check?(image: ThreadImage, file: string): void;
  /** Calls that it makes itself when its process has its character. */
  calls?(image: ThreadImage, thread: RestoredThread): readonly TaskCall[];
}
