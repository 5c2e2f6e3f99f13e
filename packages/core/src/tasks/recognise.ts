import { readFileSync } from 'node:fs';
import {
  LinuxError,
  namespaces,
  parseTimers,
  readLink,
  readStat,
  readStatus,
  type Stat,
  type Status,
  unlessGone,
} from '@criujs/linux';
import { EngineError, type Refusal } from '../errors.ts';
import { harmlessSignalOf, taskFlag } from '../facts/tasks.ts';
import type { PlanSubject } from '../options.ts';
import type { DumpedProcess } from './death.ts';

type Problem = Pick<Refusal, 'resource' | 'why' | 'remedy'>;

/** What of a process nobody can dump, and what it is about. */
export type SubjectProblem = Problem & { readonly subject: PlanSubject };

/** Each looks at one subject of a process and tells what of it nobody can dump yet. */
const subjects: readonly {
  readonly subject: PlanSubject;
  readonly look: (pid: number, stat: Stat, status: Status) => Problem[];
}[] = [
  { subject: 'process', look: tracer },
  { subject: 'process', look: seccomp },
  { subject: 'process', look: harmlessSignal },
  { subject: 'namespace', look: foreignNamespaces },
  { subject: 'timer', look: posixTimers },
];

/** What has to do with the process itself, neither with its files nor with its memory. */
export function recogniseSubjects(pid: number): SubjectProblem[] {
  const stat = readStat(pid);
  if (stat.state === 'Z') return [];
  const status = readStatus(pid);
  return subjects.flatMap(({ subject, look }) => look(pid, stat, status).map((problem) => ({ ...problem, subject })));
}

/** The same as refusals of a dump. */
export function recogniseTask(pid: number): Refusal[] {
  const { comm: command } = readStat(pid);
  return recogniseSubjects(pid).map(({ resource, why, remedy }) => ({ pid, command, resource, why, remedy }));
}

/**
 * Refuses a root that is no process to be dumped at all.
 *
 * @returns what tells it from a later process of the same pid
 * @throws EngineError NO_SUCH_PROCESS, KERNEL_THREAD, ZOMBIE, OWN_PROCESS
 */
export function checkRoot(pid: number): DumpedProcess {
  const stat = statOf(pid);
  const name = `${pid} (${stat.comm})`;
  if (stat.flags & taskFlag.kernelThread)
    throw new EngineError('KERNEL_THREAD', `${name} is a thread of the kernel: there is no program to dump`, {
      pid,
      remedy: 'Give the pid of a program.',
    });
  if (stat.state === 'Z')
    throw new EngineError(
      'ZOMBIE',
      `${name} has ended already and waits for its parent ${stat.ppid}: nothing is left to dump`,
      { pid, remedy: 'Give the pid of a running program.' },
    );
  const owner = processOf(pid);
  if (owner !== pid)
    throw new EngineError('NO_SUCH_PROCESS', `${name} is a thread, not a process`, {
      pid,
      remedy: `Give the pid of its process: ${owner}.`,
    });
  if (!mayLookAt(pid))
    throw new EngineError('NOT_PERMITTED', `this user may not look into process ${name}`, {
      pid,
      remedy: 'Dump processes of your own user, or run as root (CAP_SYS_PTRACE).',
    });
  for (let ancestor = process.pid; ancestor > 0; ancestor = parentOf(ancestor)) {
    if (ancestor === pid) throw ownProcess(pid, name);
  }
  return { pid, command: stat.comm, stat };
}

/** 0 where it has ended: then its children have another parent. */
function parentOf(pid: number): number {
  return unlessGone(() => readStat(pid).ppid, 0);
}

/** The process that a thread belongs to. One that has ended is told of by whoever looks next. */
function processOf(tid: number): number {
  return unlessGone(() => readStatus(tid).tgid, tid);
}

/** What may be traced may be looked at, and the other way round. ptrace(2), "Ptrace access mode checking". */
function mayLookAt(pid: number): boolean {
  try {
    readLink(pid, 'cwd');
    return true;
  } catch (error) {
    return !(error instanceof LinuxError && (error.code === 'EACCES' || error.code === 'EPERM'));
  }
}

function ownProcess(pid: number, name: string): EngineError {
  const what =
    pid === process.pid ? 'is the engine itself' : 'is an ancestor of the engine: freezing it would freeze the engine';
  return new EngineError('OWN_PROCESS', `cannot dump ${name}: it ${what}`, {
    pid,
    remedy: 'Run the dump from a process outside of the tree that is dumped.',
  });
}

function statOf(pid: number): Stat {
  try {
    return readStat(pid);
  } catch (error) {
    throw new EngineError('NO_SUCH_PROCESS', `no process has the pid ${pid}`, {
      pid,
      cause: error,
      remedy: 'Look it up with `ps` or `pgrep`.',
    });
  }
}

function tracer(_pid: number, _stat: Stat, status: Status): Problem[] {
  if (status.tracerPid === 0) return [];
  return [
    {
      resource: 'tracing',
      why: `process ${status.tracerPid} traces it already`,
      remedy: 'Detach the debugger or strace first.',
    },
  ];
}

/** The engine ends what it runs in a process by a signal that does nothing there. */
function harmlessSignal(_pid: number, _stat: Stat, status: Status): Problem[] {
  if (harmlessSignalOf(status.caught) !== undefined) return [];
  return [
    {
      resource: 'signal handlers',
      why: 'SIGURG, SIGWINCH, SIGCHLD and SIGCONT all have one, and the engine needs one of them without',
      remedy: 'Leave one of these signals at its default action.',
    },
  ];
}

function seccomp(_pid: number, _stat: Stat, status: Status): Problem[] {
  if (status.seccomp === 0) return [];
  return [
    {
      resource: 'seccomp filter',
      why: 'seccomp filters are not supported yet',
      remedy: 'Run it without a seccomp filter, or dump it with CRIU.',
    },
  ];
}

/**
 * What a process may have one of its own of, in the words of namespaces(7). Clocks are left out: CRIU gives everything
 * that it restores a time namespace, and a program can live with another one.
 */
const namespaceNames = {
  pid: 'process ids',
  net: 'network',
  ipc: 'System V IPC',
  uts: 'host name',
  mnt: 'mounts',
  user: 'users',
  cgroup: 'control groups',
} as const;

function foreignNamespaces(pid: number): Problem[] {
  const own = namespaces(process.pid);
  const theirs = namespacesOf(pid);
  if (theirs === null) return [];
  return (
    (Object.keys(namespaceNames) as (keyof typeof namespaceNames)[])
      // 0: the kernel has none of the kind, or the process is just ending and has left its namespaces.
      .filter((kind) => theirs[kind] !== 0 && theirs[kind] !== own[kind])
      .map((kind) => ({
        resource: `namespace of ${namespaceNames[kind]}`,
        why: 'it is another than ours; namespaces are not supported yet',
        remedy: 'Run criujs inside of the same namespaces (nsenter), or dump the container with CRIU.',
      }))
  );
}

function namespacesOf(pid: number): ReturnType<typeof namespaces> | null {
  try {
    return namespaces(pid);
  } catch {
    // Not ours to read: that it cannot be traced either is told when it is seized.
    return null;
  }
}

function posixTimers(pid: number): Problem[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/timers`, 'latin1');
  } catch {
    // A kernel without CONFIG_CHECKPOINT_RESTORE does not show them.
    return [];
  }
  return parseTimers(text).map((timer) => ({
    resource: `POSIX timer ${timer.id}`,
    why: 'timers of timer_create(2) are not supported yet',
    remedy: 'Use setitimer(2) or a timer in user space, or dump it with CRIU.',
  }));
}
