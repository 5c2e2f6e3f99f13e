import { fstatSync, readdirSync, readlinkSync } from 'node:fs';

/** Whose the descriptors of this process are, as far as answers of plugins are concerned. */
export interface Descriptors {
  /** Why a plugin may not answer this one, as the end of a sentence; null: it may. `closer`: who closes it afterwards. */
  whyNot(fd: number, closer: 'host' | 'plugin'): string | null;
  /** Notes that a plugin has answered it, until the returned function is called. `what`: for which resource. */
  hold(fd: number, what: string): () => void;
  /** Also takes event loops of threads that have started since for Node's own. */
  noteLoops(): void;
}

/** Descriptors 0, 1 and 2 are what a program talks through. stdin(3) */
const lastStandard = 2;

/** What event loops wait with: nobody else's business, whoever would close it. Links of proc_pid_fd(5). */
const loopLinks: ReadonlySet<string> = new Set(['anon_inode:[eventpoll]', 'anon_inode:[eventfd]']);

/**
 * Notes what is open now, before any code of a plugin runs.
 * @param isEngines whether the engine has opened this one since
 */
export function noteDescriptors(isEngines: (fd: number) => boolean = () => false): Descriptors {
  const before = openNow();
  const held = new Map<number, string>();
  return {
    whyNot(fd, closer) {
      if (fd <= lastStandard) return 'one of 0, 1 and 2, which belong to the program that runs the engine';
      const holder = held.get(fd);
      if (holder !== undefined) return `which it has answered before, for ${holder}`;
      if (isEngines(fd)) return "which is the engine's own";
      const known = before.get(fd);
      if (known === undefined || identityOf(fd) !== known) return null;
      if (loopLinks.has(linkOf(fd) ?? '')) return "with which Node's event loop waits";
      return closer === 'plugin' ? null : 'which was open before any plugin was loaded';
    },
    hold(fd, what) {
      held.set(fd, what);
      return () => void held.delete(fd);
    },
    noteLoops() {
      for (const [fd, identity] of openNow()) {
        if (!before.has(fd) && loopLinks.has(linkOf(fd) ?? '')) before.set(fd, identity);
      }
    },
  };
}

/** What an open descriptor leads to: a number that was closed and opened again leads elsewhere. null: it is not open. */
export function identityOf(fd: number): string | null {
  try {
    const { dev, ino, rdev } = fstatSync(fd, { bigint: true });
    return `${dev}:${ino}:${rdev}:${linkOf(fd)}`;
  } catch {
    return null;
  }
}

function openNow(): Map<number, string> {
  const open = new Map<number, string>();
  for (const fd of numbers()) {
    const identity = identityOf(fd);
    if (identity !== null) open.set(fd, identity);
  }
  return open;
}

/** None where there is no /proc: plugins can be tried there, but nothing is restored. */
function numbers(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return [];
  }
}

function linkOf(fd: number): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return null;
  }
}
