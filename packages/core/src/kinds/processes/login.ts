import { readdirSync } from 'node:fs';
import { AT_FDCWD } from '@criujs/linux';
import { noLogin } from '../../facts/tasks.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import { openFlag } from '../files/flags.ts';
import { isSet } from '../is-set.ts';
import type { ProcessImage, ProcessKind, RestoredProcess } from './kind.ts';
import { readProcNumber } from './proc-file.ts';

/** The user whose login it stems from. To change it needs CAP_AUDIT_CONTROL. proc_pid_loginuid(5). */
export const login: ProcessKind = {
  name: 'login user',
  describe: [{ subject: 'rights and limits', taken: ['login user'] }],
  reads: { texts: ['loginuid'] },
  look: ({ pid }) => ({ core: { loginuid: readProcNumber(pid, 'loginuid', noLogin) } }),
  calls: { character: loginCalls },
};

/** Only the process itself may write it. */
function loginCalls({ tc }: ProcessImage, { pid }: RestoredProcess): TaskCall[] {
  if (!isSet(tc, 'loginuid') || readProcNumber(pid, 'loginuid', tc.loginuid) === tc.loginuid) return [];
  const fd = lowestFree(pid);
  const text = Buffer.from(String(tc.loginuid));
  const what = `set the login user ${tc.loginuid}`;
  return [
    {
      name: 'openat',
      args: [AT_FDCWD, Buffer.from('/proc/thread-self/loginuid\0'), openFlag.O_WRONLY],
      what,
      optional: true,
    },
    { name: 'write', args: [fd, text, text.length], what, optional: true },
    { name: 'close', args: [fd], what: 'close the file of the login user', optional: true },
  ];
}

/** The number that the next descriptor gets. open(2). */
function lowestFree(pid: number): number {
  const taken = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let fd = 0;
  while (taken.has(fd)) fd++;
  return fd;
}
