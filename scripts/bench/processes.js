import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { syscall, trySyscall } from '../../packages/linux/dist/index.js';

/** The longest that an end is waited for, in milliseconds. */
const patience = 60_000;

/** Of prctl(2) and wait(2). */
const [PR_SET_CHILD_SUBREAPER, WNOHANG] = [36, 1];

/** Makes this process the parent of all orphans below it, so that a pid is free at once: init may take seconds. */
export function adoptOrphans() {
  syscall('prctl', PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/** A process and its children. */
function familyOf(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return [pid, ...children.split(' ').filter(Boolean).map(Number)];
  } catch {
    return [];
  }
}

/** Who a pid is: pids are used again, start times are not. Null when there is no such process. */
function identity(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return `${pid} since ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return null;
  }
}

/** The arguments of a process, in one string; none when there is no such process. */
export function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** Ends a process that was started here, and its children, and waits until their pids are free. */
export async function endFamily(pid) {
  const members = familyOf(pid).map((member) => ({ pid: member, who: identity(member) }));
  for (const member of members) if (isThere(member)) process.kill(member.pid, 'SIGKILL');
  const begun = performance.now();
  for (const member of members) {
    while (isThere(member)) {
      if (performance.now() - begun > patience) throw new Error(`process ${member.pid} was killed and does not end`);
      await sleep(1);
    }
  }
}

function isThere({ pid, who }) {
  // Node waits for its own children only, by their pids.
  trySyscall('wait4', pid, 0, WNOHANG, 0);
  return who !== null && existsSync(`/proc/${pid}`) && identity(pid) === who;
}
