import { statusFlags } from '@criujs/engine-kit/externals';
import { setFlags } from '@criujs/linux';
import { hold, type Rule } from '../rules.ts';
import type { FileEntry, LoadContext, Opener } from './opening.ts';
import { onTrial, type Target } from './watch-target.ts';

/** What one kind of watching file does: `E` is the part of an entry that is its own, `W` a watch in it. */
interface Watching<E, W> {
  /** @throws EngineError IMAGE_INVALID */
  own(entry: FileEntry): E;
  /** Its watches, in the order in which they are added. */
  watches(own: E): readonly W[];
  readonly rules: readonly Rule<W>[];
  /** Opens what a watch is of. @throws EngineError */
  target(watch: W, context: LoadContext): Target;
  /** @throws EngineError, LinuxError */
  make(own: E): number;
  /** @throws EngineError */
  add(fd: number, watch: W, target: Target): void;
}

/** Opens files that watch others. Their watches are added when the restore opens and makes nothing more: none hears of it. */
export function loadWatches<E extends { readonly flags: number }, W>(
  { own, watches, rules, target, make, add }: Watching<E, W>,
  context: LoadContext,
): Opener {
  const targets = new Map<number, readonly (readonly [W, Target])[]>();
  for (const entry of context.entries) for (const watch of watches(own(entry))) hold(watch, 'files.img', rules);
  const addAll = (fd: number, all: readonly (readonly [W, Target])[]): void => {
    for (const [watch, at] of all) add(fd, watch, at);
  };
  return {
    open(entry) {
      const it = own(entry);
      const all = watches(it).map((watch) => [watch, target(watch, context)] as const);
      targets.set(entry.id, all);
      // What stands against them is to be known while the restore can still fail.
      onTrial(
        () => make(it),
        (fd) => addAll(fd, all),
      );
      const fd = make(it);
      setFlags(fd, it.flags & statusFlags);
      return fd;
    },
    start: (entry, fd) => addAll(fd, targets.get(entry.id) ?? []),
  };
}
