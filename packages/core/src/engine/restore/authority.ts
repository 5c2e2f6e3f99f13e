import { execFileSync } from 'node:child_process';
import { EngineError } from '@criujs/engine-kit';
import type { CredsEntry } from '@criujs/images';
import { capability } from '../../facts/capabilities.ts';
import { prctl } from '../../facts/prctl.ts';
import { noLogin } from '../../facts/tasks.ts';
import { isSet } from '../../kinds/is-set.ts';
import { capabilitiesCall, groupsCall } from '../../machinery/calls/credential-calls.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { asEngine, asUser, type FileUser } from '../../machinery/guard/as-user.ts';
import type { SessionStore } from '../../run/session.ts';
import type { TaskImage } from './read.ts';

/** What a restore may do in the name of images: what whoever could have written them may do. */
export interface Authority {
  /** Checks, before anything is made, that no process gets more than that user has. @throws EngineError IMAGES_UNTRUSTED */
  check(tasks: readonly TaskImage[]): void;
  /** Opens, makes or removes files as that user. */
  asOwner<T>(work: () => T): T;
  /** Reads images as the caller, who has named them, also where files are opened as that user. */
  storeOf(store: SessionStore): SessionStore;
  /** In whose name it acts; null: in the caller's own. */
  readonly user: Required<FileUser> | null;
  /** Whether it is less than that of the caller. */
  readonly isLimited: boolean;
  /** Calls that make the helper, from which all processes are cloned, a process of that user. */
  readonly becomeOwner: readonly TaskCall[];
  /** Checks a directory that a process is to have as its root. @throws EngineError IMAGES_UNTRUSTED */
  checkRoot(task: TaskImage, isForeign: boolean): void;
}

/**
 * The authority of images.
 * @param owner whose they are; null: the caller answers for them
 */
export function authorityOf(owner: number | null, caller: number = process.geteuid?.() ?? 0): Authority {
  // An ordinary user has nothing to give but their own rights.
  if (owner === null || owner === 0 || owner === caller) return unlimited;
  const groups = groupsOf(owner);
  const user = { uid: owner, gid: groups[0] ?? noGroup, groups };
  return {
    check(tasks) {
      for (const task of tasks) checkTask(task, owner, groups);
    },
    asOwner: (work) => asUser(user, [capability.SYS_ADMIN], work),
    storeOf: (store) => ({
      ...store,
      read: (name) => asEngine(() => store.read(name)),
      exists: (name) => asEngine(() => store.exists(name)),
      open: (name, mode) => asEngine(() => store.open(name, mode)),
      list: () => asEngine(() => store.list()),
    }),
    user,
    isLimited: true,
    becomeOwner: becomeUser(user),
    checkRoot({ pid }, isForeign) {
      // In a root directory of one's own making, programs of root believe what one has put there. chroot(2)
      if (isForeign) throw tooMuch(owner, `fs-${pid}.img`, 'has another root directory');
    },
  };
}

/** The caller answers for the images. */
const unlimited: Authority = {
  check: () => undefined,
  asOwner: (work) => work(),
  storeOf: (store) => store,
  user: null,
  isLimited: false,
  becomeOwner: [],
  checkRoot: () => undefined,
};

/** What it keeps until each process gets its own credentials: choosing pids, groups of the user, and what is inherited. capabilities(7) */
const kept = [wordOf(0), wordOf(1)];

function wordOf(word: number): number {
  const numbers = [capability.CHECKPOINT_RESTORE, capability.SETGID, capability.SETPCAP];
  return numbers.reduce((bits, number) => (number >> 5 === word ? bits | (1 << (number & 31)) : bits), 0);
}

function becomeUser({ uid, gid, groups }: Required<FileUser>): TaskCall[] {
  const what = `become a process of user ${uid}`;
  return [
    groupsCall(groups, what),
    { name: 'prctl', args: [prctl.setKeepCapabilities, 1, 0, 0, 0], what },
    { name: 'setresgid', args: [gid, gid, gid], what },
    { name: 'setresuid', args: [uid, uid, uid], what },
    capabilitiesCall({ capEff: kept, capPrm: kept, capInh: [] }, what),
    { name: 'prctl', args: [prctl.setKeepCapabilities, 0, 0, 0, 0], what },
    // Else its files in /proc belong to root.
    { name: 'prctl', args: [prctl.setDumpable, 1, 0, 0, 0], what },
  ];
}

/** nogroup: owns nothing. */
const noGroup = 65_534;

/** The user's own group first; none where nobody knows the user. id(1) */
function groupsOf(uid: number): number[] {
  try {
    const said = execFileSync('id', ['-G', String(uid)], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return said.trim().split(/\s+/).map(Number);
  } catch {
    return [];
  }
}

/** Checks one process against the user whose images these are. @throws EngineError IMAGES_UNTRUSTED */
export function checkTask({ cores, threads }: TaskImage, owner: number, groups: readonly number[]): void {
  cores.forEach((core, at) => {
    const image = `core-${threads[at]}.img`;
    const creds = core.threadCore?.creds;
    if (creds === undefined)
      throw tooMuch(owner, image, 'says nothing of credentials, so that the process would get those of root');
    const found = excess(creds, owner, groups);
    if (found !== null) throw tooMuch(owner, image, `has ${found}`);
    if (core.tc === undefined) return;
    const { loginuid, oomScoreAdj } = core.tc;
    if (isSet(core.tc, 'loginuid') && loginuid !== noLogin && loginuid !== owner)
      throw tooMuch(owner, image, `has the login of user ${loginuid}`);
    if (oomScoreAdj < 0) throw tooMuch(owner, image, `has the OOM score adjustment ${oomScoreAdj}`);
  });
}

/** What credentials have that the user has not; null: nothing. */
export function excess(creds: CredsEntry, owner: number, groups: readonly number[]): string | null {
  const ids = [creds.uid, creds.euid, creds.suid, creds.fsuid];
  const user = ids.find((id) => id !== owner);
  if (user !== undefined) return `the user id ${user}`;
  const group = [creds.gid, creds.egid, creds.sgid, creds.fsgid, ...creds.groups].find((id) => !groups.includes(id));
  if (group !== undefined) return `the group id ${group}`;
  const isEmpty = [creds.capPrm, creds.capEff, creds.capInh, creds.capAmb].every((set) =>
    set.every((word) => word === 0),
  );
  return isEmpty ? null : 'capabilities';
}

function tooMuch(owner: number, image: string, what: string): EngineError {
  return new EngineError('IMAGES_UNTRUSTED', `the images belong to user ${owner}, and ${image} ${what}`, {
    resource: image,
    remedy: 'Give the images to root (chown) if you know who made them, or pass --trust-images (option `trustImages`).',
  });
}
