import { accessSync, constants, readFileSync, readlinkSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Finding } from '@criujs/engine-kit';
import { type OpenFolder, type Status, whoElseMayChange } from '@criujs/linux';
import { capability } from '../../facts/capabilities.ts';
import { limited, missing, ok, type Probe } from './probe.ts';
import { hasCapability } from './rights.ts';

/** What every user namespace but one made by somebody has: each id stands for itself. user_namespaces(7) */
const wholeMap = '0 0 4294967295';
/** What /proc/PID/ns/pid of the first pid namespace is; PROC_PID_INIT_INO in linux/proc_ns.h. */
const firstPids = 'pid:[4026531836]';

/** Who runs this, as far as rights go. */
export interface Caller {
  readonly user: number;
  /** /proc/self/uid_map, blanks joined. */
  readonly map: string;
  readonly capEff: Status['capEff'];
  /** Who has called sudo(8), as it says in the environment. */
  readonly behind: string | undefined;
}

/** What the caller may dump and restore at all. */
export function judgeCaller({ user, map, behind }: Caller): Finding {
  if (user !== 0) return ok(`user ${user}: processes of this user can be dumped`);
  if (map !== wholeMap)
    return limited(
      'root of a user namespace: it has rights over processes and files of those users only that are mapped into it',
      'For those of other users run criujs as root outside of it.',
    );
  if (behind === undefined) return ok('root');
  return ok(
    `root, called by user ${behind} through sudo: configurations of that user are used, and images that are written belong to root`,
  );
}

/** Whether images that another user has written can be restored. */
export function judgeImagesOfOthers({ user, map, capEff }: Caller): Finding {
  const as = 'Restore them as their owner, or as root.';
  if (user !== 0) return limited('are refused; your own and those of root are restored', as);
  if (!hasCapability({ capEff }, capability.SETUID) || !hasCapability({ capEff }, capability.SETGID))
    return limited('cannot be restored as their owner without CAP_SETUID and CAP_SETGID', `Add both. ${as}`);
  if (map !== wholeMap) return limited('can be restored if their owner is mapped into this user namespace', as);
  return ok('are restored with the rights of their owner');
}

/** A home, and why no code is kept in it. */
export interface Home {
  /** Empty: it is not set. */
  readonly path: string;
  readonly other: OpenFolder | null;
  readonly isWritable: boolean;
}

/**
 * Whether native parts that are built at first use are kept in the home that HOME names.
 * @param own the effective user's in passwd(5); null: there is none
 */
export function judgeHome({ path, other, isWritable }: Home, own: string | null): Finding {
  const instead = own === null ? 'nothing can be built' : `${own} is tried instead`;
  const remedy = 'Set HOME to your own home (sudo -H).';
  if (path === '')
    return own === null ? limited(`HOME is not set: ${instead}`, remedy) : ok(`HOME is not set: ${instead}`);
  if (other === null && isWritable) return ok(`builds are kept in ${path}, unless XDG_CACHE_HOME names another place`);
  if (other === null) return limited(`HOME is ${path}, which this user may not write: ${instead}`, remedy);
  const who = other.isShared ? `others may write ${other.folder}` : `user ${other.owner} owns ${other.folder}`;
  return limited(`HOME is ${path}, but ${who}: nothing built there is used, ${instead}`, remedy);
}

/**
 * Whether /proc shows the processes that this process can name.
 * @param seen its own pid as /proc has it; null: it has none
 */
export function judgeProc(pid: number, seen: string | null, namespace: string): Finding {
  if (seen !== String(pid))
    return missing(
      `/proc belongs to another pid namespace: it calls this process ${seen ?? 'nothing'}, and it is ${pid}`,
      'Mount it anew: unshare --mount-proc, or in a mount namespace of your own: mount -t proc proc /proc.',
    );
  if (namespace === firstPids) return ok('all processes of the machine are seen');
  return limited(
    'this is a pid namespace, as of a container: only processes in it can be dumped, and pids are free only in it',
    'For programs outside run criujs outside. Keep the images outside of what ends with the container.',
  );
}

/** Where, and as whom, this runs. */
export const surroundingsProbes: readonly Probe[] = [
  { id: 'user', title: 'Who runs criujs', needs: [], look: ({ self }) => judgeCaller(callerOf(self)) },
  {
    id: 'images_of_others',
    title: 'Images of other users',
    needs: [],
    look: ({ self }) => judgeImagesOfOthers(callerOf(self)),
  },
  {
    id: 'home',
    title: 'The home that code is kept in',
    needs: [],
    look() {
      const { HOME: path = '' } = process.env;
      const other = path === '' ? null : whoElseMayChange(path);
      const isWritable = succeeds(() => accessSync(path, constants.W_OK)) !== null;
      return judgeHome(
        { path, other, isWritable },
        succeeds(() => userInfo().homedir),
      );
    },
  },
  {
    id: 'proc',
    title: 'Processes that are seen (/proc, pid namespace)',
    needs: ['dump', 'restore'],
    look: () => judgeProc(process.pid, linkOf('/proc/self'), linkOf('/proc/self/ns/pid') ?? ''),
  },
];

function callerOf({ uids: [, user], capEff }: Status): Caller {
  const map = readFileSync('/proc/self/uid_map', 'utf8').trim().replaceAll(/\s+/g, ' ');
  return { user, map, capEff, behind: process.env['SUDO_UID'] };
}

function linkOf(path: string): string | null {
  return succeeds(() => readlinkSync(path));
}

/** null: there is none, or it may not be asked. */
function succeeds<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}
