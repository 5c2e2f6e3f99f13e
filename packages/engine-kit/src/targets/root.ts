import { LinuxError, readLink, readStat, readStatus, type Stat, unlessGone } from '@criujs/linux';
import { EngineError } from '../errors/errors.ts';
import type { DumpedProcess } from './death.ts';
import { hasEnded } from './ended.ts';
import { taskFlag } from './task-flags.ts';

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
    throw new EngineError('KERNEL_THREAD', `${name} is a kernel thread: there is no program to dump`, {
      pid,
      remedy: 'Give the pid of a program.',
    });
  if (hasEnded(stat))
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

/** The process that a thread belongs to. If it has ended, the next check reports that. */
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
    remedy: 'Run the dump from a process outside the dumped tree.',
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
