import { readFileSync } from 'node:fs';
import type { Finding } from '@criujs/engine-kit';
import { arena, errnoName, type Status, signals, trySyscall } from '@criujs/linux';
import { capability } from '../../facts/capabilities.ts';
import { cloneArguments } from './numbers.ts';
import { callRemedy, limited, missing, ok, type Probe } from './probe.ts';

const userNamespaceRemedy =
  'Pass --new-pids, or restore inside `unshare --user --map-root-user --pid --fork --mount-proc`.';

/** Whether a process has a capability in force. */
export function hasCapability({ capEff }: Pick<Status, 'capEff'>, number: number): boolean {
  return ((capEff >> BigInt(number)) & 1n) === 1n;
}

/** What clone3 with the pid 1 means: it is always taken, so nothing is ever made. */
export function judgeSetTid(error: string): Finding {
  if (error === 'EEXIST') return ok('a restored process can keep its pid');
  if (error === 'EPERM') {
    return missing(
      'choosing a pid needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, which this process does not have',
      `${userNamespaceRemedy} Or run criujs as root.`,
    );
  }
  return missing(`clone3 fails with ${error}`, callRemedy('clone3', '5.5'));
}

/** What these rights allow. */
export const rightsProbes: readonly Probe[] = [
  {
    id: 'set_tid',
    title: 'Choosing the pid of a process (clone3 with set_tid)',
    needs: ['samePids'],
    look: () => judgeSetTid(errnoName(-cloneAsInit())),
  },
  {
    id: 'capabilities',
    title: 'Rights beyond those of an ordinary user',
    needs: [],
    look: ({ self }) => judgeCapabilities(self),
  },
  {
    id: 'user_namespaces',
    title: 'User namespaces, for old pids without root',
    needs: [],
    look: ({ self }) => judgeUserNamespaces(hasCapability(self, capability.SYS_ADMIN)),
  },
  {
    id: 'seccomp',
    title: 'System call filters (seccomp)',
    needs: [],
    look: ({ self }) =>
      self.seccomp === 0
        ? ok('no filter is in force')
        : limited(
            `${self.seccompFilters || 'some'} filter${self.seccompFilters === 1 ? ' is' : 's are'} in force here: restored programs inherit them`,
            'Run criujs outside the container, or give the container a less strict seccomp profile.',
          ),
  },
];

/** What is lost without each; CAP_SYS_ADMIN includes CAP_CHECKPOINT_RESTORE. */
const losses: readonly {
  readonly name: keyof typeof capability;
  readonly or?: keyof typeof capability;
  readonly loss: string;
}[] = [
  { name: 'SYS_PTRACE', loss: 'processes of other users cannot be dumped' },
  {
    name: 'CHECKPOINT_RESTORE',
    or: 'SYS_ADMIN',
    loss: 'pids cannot be chosen, and /proc/PID/exe of a restored program is not its own',
  },
  { name: 'SYS_RESOURCE', loss: 'limits that we may not raise stay lower in a restored program' },
];

/** What the capabilities in force leave out. */
export function judgeCapabilities(self: Pick<Status, 'capEff'>): Finding {
  const has = (name: keyof typeof capability | undefined): boolean =>
    name !== undefined && hasCapability(self, capability[name]);
  const lost = losses.filter(({ name, or }) => !has(name) && !has(or)).map(({ name, loss }) => `${loss} (CAP_${name})`);
  if (lost.length === 0) return ok('processes of all users can be dumped and restored');
  return limited(lost.join('; '), 'Your own processes need none of this. For the rest run criujs as root.');
}

function judgeUserNamespaces(administrator: boolean): Finding {
  const setting = (path: string): number | null => {
    try {
      return Number(readFileSync(`/proc/sys/${path}`, 'utf8'));
    } catch {
      return null;
    }
  };
  const off = (what: string, remedy: string): Finding => limited(`user namespaces are ${what}`, remedy);
  if (setting('user/max_user_namespaces') === 0)
    return off('switched off (user.max_user_namespaces is 0)', 'As root: sysctl user.max_user_namespaces=10000.');
  if (administrator) return ok('can be made');
  if (setting('kernel/unprivileged_userns_clone') === 0) {
    return off(
      'for administrators only (kernel.unprivileged_userns_clone is 0)',
      'As root: sysctl kernel.unprivileged_userns_clone=1.',
    );
  }
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === 1) {
    return off(
      'limited by AppArmor (kernel.apparmor_restrict_unprivileged_userns is 1)',
      'As root: sysctl kernel.apparmor_restrict_unprivileged_userns=0.',
    );
  }
  return ok('can be made');
}

/** Asks for a process with the pid 1, which exists. Answers the negated error number. */
function cloneAsInit(): number {
  return arena.scope(() => {
    const pid = arena.alloc(4);
    pid.view.setInt32(0, 1, true);
    const argument = arena.alloc(cloneArguments.size);
    const set = (offset: number, value: number): void => argument.view.setBigUint64(offset, BigInt(value), true);
    set(cloneArguments.exitSignal, signals.SIGCHLD);
    set(cloneArguments.setTid, pid.address);
    set(cloneArguments.setTidSize, 1);
    return trySyscall('clone3', argument.address, cloneArguments.size);
  });
}
