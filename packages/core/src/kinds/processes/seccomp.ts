import { LinuxError, readSeccompFilters } from '@criujs/linux';
import { filterProgram, filterReturn, seccompMode } from '../../facts/seccomp.ts';
import { whyNotSuspended } from '../../machinery/freeze/suspend.ts';
import type { ProcessKind, ProcessProblem, SeenProcess } from './kind.ts';

/** What of the filters of system calls cannot be dumped; each thread may have its own. seccomp(2). */
export const seccomp: ProcessKind = {
  name: 'seccomp filters',
  // The tree's kind has the words.
  describe: [],
  recognise,
};

function recognise({ pid, status, others, traced }: SeenProcess): ProcessProblem[] {
  const own = { tid: pid, status: () => status };
  const held = [own, ...others].flatMap((thread) => {
    const mode = thread.status()?.seccomp ?? seccompMode.disabled;
    return mode === seccompMode.disabled ? [] : [{ tid: thread.tid, mode }];
  });
  if (held.length === 0) return [];
  const why = whyNotSuspended();
  return held.flatMap(({ tid, mode }) => {
    const resource = tid === pid ? 'seccomp filter' : `thread ${tid}: seccomp filter`;
    if (why !== null)
      return [{ resource, why: `it cannot be read: ${why}`, remedy: 'Dump it as root, outside of the container.' }];
    return traced && mode === seccompMode.filter ? problemsOf(tid, resource) : [];
  });
}

function problemsOf(tid: number, resource: string): ProcessProblem[] {
  try {
    if (!readSeccompFilters(tid).some(({ program }) => asksListener(program))) return [];
    return [
      {
        resource,
        why: 'it lets another process decide (user notification), which would have to hold its listener',
        remedy: 'Run it without such a filter.',
      },
    ];
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    return [{ resource, why: `the kernel does not show it (${error.code})`, remedy: 'Run it without this filter.' }];
  }
}

/** `struct sock_filter`: code, two jumps, and a constant. SECCOMP_RET_USER_NOTIF, seccomp(2). */
function asksListener(program: Buffer): boolean {
  for (let at = 0; at < program.length; at += filterProgram.instruction) {
    const constant = program.readUInt32LE(at + 4);
    const action = (constant & filterReturn.action) >>> 0;
    if (program.readUInt16LE(at) === filterReturn.constant && action === filterReturn.askListener) return true;
  }
  return false;
}
