import type { CoreEntry, EntryInit, ThreadCoreEntry, ThreadInfoX86 } from '@criujs/images';
import type { Stat, Status } from '@criujs/linux';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { FrozenThread } from '../../machinery/freeze/freeze.ts';
import type { ThreadState } from '../../machinery/infect/threads.ts';
import type { Description } from '../description.ts';
import type { PartOf } from '../fields.ts';
import type { Question } from '../processes/kind.ts';

/** What the kinds write of one thread: its core image. */
export type ThreadFields = Pick<EntryInit<'CORE'>, 'threadCore' | 'threadInfo'>;

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
}

/** A subject of a thread: how it is recognised, dumped and restored. It leaves out the parts that it does not need. */
export interface ThreadKind {
  /** In words, for docs and errors. */
  readonly name: string;
  /** Its words in the README's table of what can be dumped; none for a part that no user asks about. */
  readonly describe: readonly Description[];
  /** What can be read from outside a frozen thread. */
  look?(thread: FrozenThread, state: ThreadState): ThreadPart;
  /** What only the thread can tell. */
  readonly ask?: Question<ThreadPart>;
  /** Checks what the images say, before the first process is made. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
  check?(image: ThreadImage, file: string): void;
  /** Calls that it makes itself when its process has its character. */
  calls?(image: ThreadImage, thread: RestoredThread): readonly TaskCall[];
}
