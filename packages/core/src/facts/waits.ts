import { type SyscallName, syscallNumbers } from '@criujs/linux';

/** What becomes of a call whose wait somebody cut short without a signal for the program. */
export type Wait =
  /** Nothing has happened yet: it is made once more, with its whole time, or until the same moment. */
  | 'again'
  /** The kernel has written the time that is left where the program asked for it. */
  | { readonly request: 'di' | 'dx'; readonly left: 'si' | 'r10' };

/**
 * Calls that the kernel ends with EINTR, or goes on with by means that no image has (ERESTART_RESTARTBLOCK): signal(7). All others
 * start again by themselves.
 */
const waits: Readonly<Partial<Record<SyscallName, Wait>>> = {
  nanosleep: { request: 'di', left: 'si' },
  clock_nanosleep: { request: 'dx', left: 'r10' },
  poll: 'again',
  futex: 'again',
  epoll_wait: 'again',
  epoll_pwait: 'again',
  epoll_pwait2: 'again',
  rt_sigtimedwait: 'again',
  semop: 'again',
  semtimedop: 'again',
  io_getevents: 'again',
  // Of a socket with a timeout.
  read: 'again',
  recvfrom: 'again',
  recvmsg: 'again',
  accept: 'again',
  accept4: 'again',
};

const byNumber: ReadonlyMap<number, Wait> = new Map(
  (Object.entries(waits) as [SyscallName, Wait][]).map(([name, wait]) => [syscallNumbers[name], wait]),
);

/** What becomes of a wait in this call; undefined: the program sees EINTR. */
export function waitOf(call: number): Wait | undefined {
  return byNumber.get(call);
}
