import type { FanotifyMarkEntry } from '@criujs/images';
import { AT_FDCWD, closeFd, duplicate, readMountinfo, syscall } from '@criujs/linux';
import { refusedCall } from '../../engine/blame.ts';
import { eventFlags, markFlag, permissionEvents, shownMarkFlags } from '../../facts/watches.ts';
import { among, invalid, type Rule } from '../rules.ts';
import type { DumpContext, FilePayload, OpenFile } from './dumping.ts';
import { eventsWait } from './events-wait.ts';
import { fileTypes } from './file-type.ts';
import type { Problem, SeenFile, Tree } from './held.ts';
import type { FileKind } from './kind.ts';
import { loadWatches } from './load-watches.ts';
import type { FileEntry, LoadContext, Opener } from './opening.ts';
import { ownPart } from './own-part.ts';
import { waitingBytes } from './pipe-content.ts';
import { isProblem } from './problem.ts';
import { errorCode } from './seen.ts';
import { openAtPath, openTarget, type Target } from './watch-target.ts';
import { findWatched, handleEntry, watchedBy } from './watched.ts';

type FanotifyEntry = NonNullable<FileEntry['ffy']>;
type Payload = Extract<FilePayload['ffy'], object>;
type MarkInit = NonNullable<Payload['mark']>[number];
type Line = ReadonlyMap<string, string>;

/** CRIU's types of marks. */
const markTypes = { inode: 1, mount: 2 } as const;

/** Marks of inodes and mounts. */
export const fanotify: FileKind = {
  name: 'file watch (fanotify)',
  describe: [
    {
      subject: 'pipes and events',
      taken: ['fanotify (marks of inodes and mounts)'],
      refused: ['fanotify that is asked for permission, or has marks of whole file systems'],
    },
  ],
  type: fileTypes.FANOTIFY,
  recognise(file, tree) {
    if (file.link !== 'anon_inode:[fanotify]') return null;
    const waiting = hearsWholeMount(file) ? null : eventsWait(file, tree, fanotify.name);
    return waiting ?? marksOf(0, file, tree).find(isProblem) ?? 'mine';
  },
  dump,
  matches: ({ type }) => type === fileTypes.FANOTIFY,
  common: ({ ffy }) => ffy,
  load,
};

function number(line: Line | undefined, key: string): number {
  return Number.parseInt(line?.get(key) ?? '0', 16);
}

/** Whether events of a whole mount are heard, of which there are always some: a dump that waited for none would never come. */
function hearsWholeMount({ info }: SeenFile): boolean {
  return info.watches.some((line) => line.has('mnt_id'));
}

function dump({ id, seen, owner, fd }: OpenFile, { tree, session }: DumpContext): FilePayload | Problem {
  const group = seen.info.watches.find((line) => line.has('event-flags'));
  const mark: MarkInit[] = [];
  for (const it of marksOf(id, seen, tree)) {
    if (isProblem(it)) return it;
    mark.push(it);
  }
  const [faflags, evflags] = [number(group, 'flags'), number(group, 'event-flags')];
  const waiting = waitingBytes(fd);
  if (waiting > 0)
    session.warn(
      `${seen.pid} (${seen.command}) descriptor ${seen.fd}: ${waiting} bytes of events of a whole mount wait in it (fanotify), and are not in the images`,
    );
  return { ffy: { id, flags: seen.flags, fown: owner, faflags, evflags, mark } };
}

function marksOf(id: number, { info }: SeenFile, tree: Tree): (MarkInit | Problem)[] {
  return info.watches.filter((line) => !line.has('event-flags')).map((line) => markOf(id, line, tree));
}

function markOf(id: number, line: Line, tree: Tree): MarkInit | Problem {
  const [mflags, mask, ignoredMask] = ['mflags', 'mask', 'ignored_mask'].map((key) => number(line, key)) as [
    number,
    number,
    number,
  ];
  const common = { id, mflags, mask, ignoredMask };
  const problem = (why: string): Problem => ({
    file: fanotify.name,
    why,
    remedy: 'Let the program remove the mark (FAN_MARK_REMOVE) before the dump.',
  });
  if ((mask & permissionEvents) !== 0)
    return problem('others wait for its permission, and so would the dump itself, while the program stands still');
  if (line.has('ino')) {
    const watched = watchedBy(line);
    const place = findWatched(watched, tree, fanotify.name);
    if (isProblem(place)) return place;
    const ie = { iIno: watched.ino, fHandle: handleEntry(watched, place) };
    return { ...common, type: markTypes.inode, sDev: watched.dev, ie };
  }
  const mnt = number(line, 'mnt_id');
  const mount = readMountinfo(process.pid).find((it) => it.id === mnt);
  if (mount === undefined)
    return problem(
      line.has('mnt_id') ? `it has a mark of mount ${mnt}, which is not ours` : 'it has a mark of a whole file system',
    );
  // The kernel's number of a device: include/linux/kdev_t.h
  const sDev = ((mount.major << 20) | mount.minor) >>> 0;
  return { ...common, type: markTypes.mount, sDev, me: { mntId: mnt, path: mount.mountPoint } };
}

const rules: readonly Rule<FanotifyMarkEntry>[] = [
  among('the type of a mark', ({ type }) => type, Object.values(markTypes)),
  {
    what: 'the events of a mark',
    value: ({ mask }) => mask,
    fits: ({ mask }) => (mask & permissionEvents) === 0,
    expected: 'none that others wait for',
  },
];

function load(context: LoadContext): Opener {
  return loadWatches(
    {
      own: (entry) => ownPart(entry, 'ffy', 'fanotify'),
      watches: ({ mark }) => mark,
      rules,
      target: targetOf,
      make,
      add: addMark,
    },
    context,
  );
}

function targetOf({ ie, me, sDev }: FanotifyMarkEntry, context: LoadContext): Target {
  if (ie !== undefined) return openTarget({ ...ie, sDev }, context);
  if (me?.path) return openAtPath(me.path, context);
  throw invalid('files.img', 'a mark of fanotify that says neither an inode nor a path');
}

/** The kernel shows the flags that it was made with: the duplicate has close-on-exec. @throws EngineError NOT_PERMITTED */
function make({ faflags, evflags }: FanotifyEntry): number {
  try {
    const first = syscall('fanotify_init', faflags, evflags);
    const fd = duplicate(first);
    closeFd(first);
    return fd;
  } catch (error) {
    throw refusedCall(errorCode(error), `fanotify cannot be made: ${errorCode(error)}`, {}, error);
  }
}

/** @throws EngineError */
function addMark(fd: number, { type, mflags, mask, ignoredMask }: FanotifyMarkEntry, target: Target): void {
  const flags =
    markFlag.add | (type === markTypes.mount ? markFlag.mount : 0) | (mflags & shownMarkFlags & ~markFlag.ignore);
  const add = (how: number, events: number): void => {
    if (events !== 0) target.use((path) => syscall('fanotify_mark', fd, flags | how, events >>> 0, AT_FDCWD, path));
  };
  const isStrict = (mflags & markFlag.ignore) !== 0;
  try {
    add(0, mask);
    // Of the older kind the kernel shows flags that it has added itself.
    add(isStrict ? markFlag.ignore : markFlag.ignoredMask, isStrict ? ignoredMask : ignoredMask & ~eventFlags);
  } catch (error) {
    throw refusedCall(errorCode(error), `a mark of fanotify cannot be added: ${errorCode(error)}`, {}, error);
  }
}
