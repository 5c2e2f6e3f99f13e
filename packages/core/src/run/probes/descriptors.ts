import { errnoName, trySyscall, unixSockets } from '@criujs/linux';
import { withPidfd } from './child.ts';
import { fromCall, ok, type Probe } from './probe.ts';

/** kcmp(2): KCMP_VM. */
const kcmpVm = 1;

/** Whether the open files of others can be seen for what they are. */
export const descriptorProbes: readonly Probe[] = [
  {
    id: 'pidfd_getfd',
    title: 'Duplicating open files of a process (pidfd_getfd)',
    needs: ['dump'],
    look: ({ pid }) =>
      withPidfd(pid ?? process.pid, (pidfd) => {
        // The child has no descriptor 1000: what counts is whether the kernel looks for it.
        const result = trySyscall('pidfd_getfd', pidfd, 1000, 0);
        return errnoName(-result) === 'EBADF'
          ? ok('open files of a process can be duplicated')
          : fromCall(result, 'pidfd_getfd', '5.6', 'open files of a process can be duplicated');
      }),
  },
  {
    id: 'kcmp',
    title: 'Telling shared open files apart (kcmp)',
    needs: ['dump'],
    look: ({ pid }) =>
      fromCall(
        trySyscall('kcmp', process.pid, pid ?? process.pid, kcmpVm, 0, 0),
        'kcmp',
        '3.5 (CONFIG_KCMP)',
        'shared open files can be told from files opened twice',
      ),
  },
  {
    id: 'sock_diag',
    title: 'Finding the other end of a unix socket (sock_diag)',
    needs: [],
    look: () => ok(`the kernel lists unix sockets (${unixSockets().length} here)`),
  },
];
