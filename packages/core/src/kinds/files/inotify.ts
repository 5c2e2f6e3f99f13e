import { EngineError } from '@criujs/engine-kit';
import type { InotifyWdEntry, InotifyWdEntrySchema, MessageInitShape } from '@criujs/images';
import { syscall, trySyscall } from '@criujs/linux';
import { refusedCall } from '../../engine/blame.ts';
import { setNextWatch, watchBits } from '../../facts/watches.ts';
import { between, type Rule } from '../rules.ts';
import type { DumpContext, FilePayload, OpenFile } from './dumping.ts';
import { eventsWait } from './events-wait.ts';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { Problem, SeenFile, Tree } from './held.ts';
import type { FileKind } from './kind.ts';
import { loadWatches } from './load-watches.ts';
import type { LoadContext, Opener } from './opening.ts';
import { ownPart } from './own-part.ts';
import { isProblem } from './problem.ts';
import { errorCode } from './seen.ts';
import { openTarget, type Target } from './watch-target.ts';
import { findWatched, handleEntry, watchedBy } from './watched.ts';

type WatchInit = MessageInitShape<typeof InotifyWdEntrySchema>;

/** Watches of files and directories, under the numbers that they had. Events that wait cannot be read without being taken. */
export const inotify: FileKind = {
  name: 'file watch (inotify)',
  describe: [
    {
      subject: 'pipes and events',
      taken: ['inotify'],
      refused: ['events of inotify or fanotify that wait to be read'],
    },
  ],
  type: fileTypes.INOTIFY,
  recognise(file, tree) {
    if (file.link !== 'anon_inode:inotify') return null;
    return eventsWait(file, tree, inotify.name) ?? watchesOf(0, file, tree).find(isProblem) ?? 'mine';
  },
  dump,
  matches: ({ type }) => type === fileTypes.INOTIFY,
  common: ({ ify }) => ify,
  load,
};

function dump({ id, seen, owner }: OpenFile, { tree }: DumpContext): FilePayload | Problem {
  const wd: WatchInit[] = [];
  for (const watch of watchesOf(id, seen, tree)) {
    if (isProblem(watch)) return watch;
    wd.push(watch);
  }
  return { ify: { id, flags: seen.flags, fown: owner, wd } };
}

function watchesOf(id: number, { info }: SeenFile, tree: Tree): (WatchInit | Problem)[] {
  return info.watches.map((line) => {
    const watched = watchedBy(line);
    const place = findWatched(watched, tree, inotify.name);
    if (isProblem(place)) return place;
    const [wd = 0, mask = 0] = ['wd', 'mask'].map((key) => Number.parseInt(line.get(key) ?? '0', 16));
    return { id, iIno: watched.ino, mask, ignoredMask: 0, sDev: watched.dev, wd, fHandle: handleEntry(watched, place) };
  });
}

const rules: readonly Rule<InotifyWdEntry>[] = [between('the number of a watch', ({ wd }) => wd, 1, 0x7fff_ffff)];

function load(context: LoadContext): Opener {
  return loadWatches(
    {
      own: (entry) => ownPart(entry, 'ify', 'inotify'),
      // The kernel counts their numbers up.
      watches: ({ wd }) => wd.toSorted((a, b) => a.wd - b.wd),
      rules,
      target: (watch) => openTarget({ ...watch }, context),
      make,
      add: addWatch,
    },
    context,
  );
}

function make(): number {
  return syscall('inotify_init1', openFlag.O_CLOEXEC);
}

/** Adds a watch under its number: the kernel counts them up. @throws EngineError */
function addWatch(fd: number, { wd, mask, iIno }: InotifyWdEntry, target: Target): void {
  const bits = (mask & (watchBits.all | watchBits.exclUnlink | watchBits.oneShot)) >>> 0;
  try {
    trySyscall('ioctl', fd, setNextWatch, wd);
    const got = target.use((path) => syscall('inotify_add_watch', fd, path, bits));
    if (got !== wd) throw new EngineError('KERNEL', `watch ${wd} of inode ${iIno} has the number ${got} now`);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw refusedCall(errorCode(error), `watch ${wd} of inode ${iIno} cannot be added: ${errorCode(error)}`, {}, error);
  }
}
