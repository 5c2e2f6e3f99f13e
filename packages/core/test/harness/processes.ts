import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { until } from './wait.ts';

// The harness reads /proc by itself and as text: a mistake in the product's parsers must not hide itself.

/** A file of /proc/PID, or null when the process is gone. */
export function proc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return null;
  }
}

/** A link of /proc/PID, or null. */
export function procLink(pid: number, file: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/${file}`);
  } catch {
    return null;
  }
}

/** Names in a folder of /proc/PID; none when the process is gone. */
export function procList(pid: number, folder: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/${folder}`);
  } catch {
    return [];
  }
}

/** The fields of /proc/PID/stat from the state on, as proc(5) numbers them: `fields[3]` is the state. */
export function statFields(pid: number, thread: number = pid): string[] | null {
  const stat = proc(pid, `task/${thread}/stat`);
  return stat === null ? null : ['', '', '', ...stat.slice(stat.lastIndexOf(')') + 2).split(' ')];
}

/** One letter, as ps shows it; null when there is no such process. */
export function state(pid: number): string | null {
  return statFields(pid)?.[3] ?? null;
}

/** Whether a process runs, that is: exists and is not a zombie. */
export function runs(pid: number): boolean {
  const now = state(pid);
  return now !== null && now !== 'Z' && now !== 'X';
}

/** Who a pid is: pids are used again, start times are not. */
export function identity(pid: number): string | null {
  const fields = statFields(pid);
  return fields && `${pid} since ${fields[22]}`;
}

export function threadsOf(pid: number): number[] {
  return procList(pid, 'task').map(Number);
}

export function childrenOf(pid: number): number[] {
  const lines = threadsOf(pid).map((thread) => proc(pid, `task/${thread}/children`) ?? '');
  return lines.join(' ').split(' ').filter(Boolean).map(Number);
}

/** A process and all its descendants, parents first. */
export function treeOf(pid: number): number[] {
  return existsSync(`/proc/${pid}`) ? [pid, ...childrenOf(pid).flatMap(treeOf)] : [];
}

/** Waits until a process is gone and reaped: its pid is free. */
export async function untilGone(pid: number): Promise<void> {
  await until(`process ${pid} is gone`, () => !existsSync(`/proc/${pid}`));
}

/** Processes that live in a directory: by their program, current directory, maps of files or open files. */
export function processesIn(directory: string): string[] {
  const inside = (path: string | null) => path === directory || path?.startsWith(`${directory}/`);
  const found: string[] = [];
  for (const pid of readdirSync('/proc').map(Number).filter(Boolean)) {
    if (pid === process.pid) continue;
    const links = ['exe', 'cwd', ...procList(pid, 'fd').map((fd) => `fd/${fd}`)];
    const held = links.filter((link) => inside(procLink(pid, link)));
    if (held.length) found.push(`${pid} (${proc(pid, 'comm')?.trim()}, state ${state(pid)}): ${held.join(' ')}`);
  }
  return found;
}

/** Ends a process, which may just have ended by itself, for example with the first one of its namespace. */
export function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
