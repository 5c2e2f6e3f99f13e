import type { Finding } from '@criujs/engine-kit';
import { LinuxError, tracee, yamaScope } from '@criujs/linux';
import { capability } from '../../facts/capabilities.ts';
import { callRemedy, limited, missing, ok, type Probe } from './probe.ts';
import { hasCapability } from './rights.ts';

const memfdRemedy =
  'Allow programs that run from memory: sysctl vm.memfd_noexec=0, and in a container memfd_create and execve in the seccomp profile.';

/** What each value of Yama's ptrace_scope means without CAP_SYS_PTRACE. Documentation/admin-guide/LSM/Yama.rst of the kernel. */
const scopes: Readonly<Record<number, Finding>> = {
  0: ok('Yama lets a user trace all processes of that user'),
  1: limited(
    'Yama lets a process be traced only by its ancestors (ptrace_scope is 1), so a criujs in another terminal may not attach; that a program has allowed a single process to trace it does not come back',
    'Start the program with `criujs run -- COMMAND`, or as root: sysctl kernel.yama.ptrace_scope=0.',
  ),
  2: missing(
    'Yama lets only administrators trace (ptrace_scope is 2)',
    'Run criujs as root or with CAP_SYS_PTRACE, or as root: sysctl kernel.yama.ptrace_scope=1.',
  ),
};

const nobodyTraces = missing(
  'Yama lets nobody trace (ptrace_scope is 3), until the next reboot',
  'Remove kernel.yama.ptrace_scope=3 from /etc/sysctl.d and reboot.',
);

/** What Yama allows, from its scope (null: there is no Yama) and whether it regards us as an administrator. */
export function judgeYama(scope: number | null, administrator: boolean): Finding {
  if (scope === null) return ok('there is no Yama: a user may trace all processes of that user');
  if (scope >= 3) return nobodyTraces;
  const restored = scope === 1 ? '; that a program has allowed a single process to trace it does not come back' : '';
  if (administrator)
    return ok(`Yama does not limit a process with CAP_SYS_PTRACE (ptrace_scope is ${scope})${restored}`);
  return scopes[scope] ?? nobodyTraces;
}

/** Whether other processes may be traced, and by whom. */
export const tracingProbes: readonly Probe[] = [
  {
    id: 'helper',
    title: 'Running a program from memory (memfd)',
    needs: ['restore'],
    look: ({ pid, reason }) =>
      pid === null
        ? missing(`the helper of a restore does not start: ${reason}`, memfdRemedy)
        : ok('the helper of a restore starts'),
  },
  {
    id: 'ptrace',
    title: 'Tracing a process (ptrace)',
    needs: ['dump', 'restore'],
    look({ pid, reason }) {
      if (pid === null) return missing(`there is no process to test it on: ${reason}`, memfdRemedy);
      try {
        const child = tracee(pid);
        child.seize(0);
        child.interrupt();
        child.waitStop();
        child.registers();
        child.detach();
        return ok('a child process was seized, stopped, read and released');
      } catch (error) {
        if (!(error instanceof LinuxError)) throw error;
        return missing(
          `a child process cannot be traced: ${error.message}`,
          `See the row about Yama. ${callRemedy('ptrace', '3.4')}`,
        );
      }
    },
  },
  {
    id: 'yama',
    title: 'Tracing processes that are not our children (Yama)',
    needs: ['dump'],
    look: ({ self }) => judgeYama(yamaScope(), hasCapability(self, capability.SYS_PTRACE)),
  },
];
