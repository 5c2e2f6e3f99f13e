import { arena, type CallList, closeFd, createCallList, errno, keptBlock, syscall, trySyscall } from '@criujs/linux';
import { ringBuffers, ringParameters, ringRegister } from '../../../facts/io-uring.ts';
import type { Problem } from '../held.ts';

// What is registered with a ring the kernel does not show. But it looks whether there is room before it looks at what it is to register,
// and refuses the call either way here: the address leads nowhere. A new ring of our own tells how one without anything answers.

type Part = Pick<Problem, 'why' | 'remedy'>;

/** No process has anything there: proc_sys_vm(5), mmap_min_addr. */
const nowhere = 8;

/** What another answer than that of a new ring means, of calls that always fail. io_uring/register.c of the kernel */
const questions: readonly { readonly call: number; readonly means: string }[] = [
  { call: ringRegister.eventfd, means: 'an eventfd is registered with it' },
  { call: ringRegister.memory, means: 'memory for waiting is registered with it' },
  { call: ringRegister.napi, means: 'it looks for completions itself (IORING_SETUP_IOPOLL)' },
  { call: ringRegister.resize, means: 'completions come when its thread asks for them (IORING_SETUP_DEFER_TASKRUN)' },
  // Who restricts a ring hardly allows all of these.
  ...(['probe', 'restrictions', 'enable', 'cancel', 'fileRange', 'bufferStatus', 'clock', 'cloneBuffers'] as const).map(
    (name) => ({ call: ringRegister[name], means: 'it was set up in a way that is not known' }),
  ),
];

/** What some answers mean, whatever was asked. */
const meanings: Readonly<Record<number, string>> = {
  [-errno.EEXIST]: 'only one thread may use it (IORING_SETUP_SINGLE_ISSUER)',
  [-errno.EACCES]: 'what it may do is restricted (IORING_REGISTER_RESTRICTIONS)',
};

/**
 * What of a ring comes from registering or setting it up in a way that is not supported; null: nothing. Looks only.
 * @param fd a descriptor of the engine's
 */
export function registeredWith(fd: number): Part | null {
  const plain = plainRing();
  try {
    const found = differences(fd, plain);
    return found === null
      ? null
      : {
          why: `${found}, which is not supported yet`,
          remedy: 'Let the program undo that, or close it, before the dump.',
        };
  } finally {
    closeFd(plain);
  }
}

/** Makes a ring of our own without anything. @throws LinuxError */
function plainRing(): number {
  return arena.scope(() => {
    return syscall('io_uring_setup', 1, arena.alloc(ringParameters.size).address);
  });
}

function differences(fd: number, plain: number): string | null {
  if (trySyscall('io_uring_enter', fd, 0, 0, 0, 0, 0) < 0) return 'it was not enabled yet (IORING_SETUP_R_DISABLED)';
  const ask = (ring: number, call: number): number => trySyscall('io_uring_register', ring, call, nowhere, 1);
  for (const { call, means } of questions) {
    const answer = ask(fd, call);
    if (answer !== ask(plain, call)) return meanings[answer] ?? means;
  }
  return groupOf(fd);
}

/** So many groups are asked about in one step. */
const groupsAtOnce = 1024;

/** Calls for so many groups, and what they are asked with. */
interface GroupList {
  readonly list: CallList;
  readonly groups: DataView;
}

let made: GroupList | undefined;

function makeList(): GroupList {
  const { view, address } = keptBlock(groupsAtOnce * ringBuffers.statusSize);
  const list = createCallList(groupsAtOnce, (row) => [
    { call: ['io_uring_register', 0, ringRegister.bufferStatus, address + row * ringBuffers.statusSize, 1] },
  ]);
  return { list, groups: view };
}

/** Groups of buffers: each may be there, under any of 2^16 numbers. */
function groupOf(fd: number): string | null {
  made ??= makeList();
  const { list, groups } = made;
  for (let from = 0; from < ringBuffers.groups; from += groupsAtOnce) {
    for (let row = 0; row < groupsAtOnce; row++) {
      groups.setUint32(row * ringBuffers.statusSize, from + row, true);
      list.set(row, 0, 0, fd);
    }
    list.make(groupsAtOnce);
    for (let row = 0; row < groupsAtOnce; row++) {
      const answer = list.answer(row, 0);
      if (answer !== -errno.ENOENT) return whatGroup(from + row, answer);
    }
  }
  return null;
}

function whatGroup(group: number, answer: number): string {
  return group === 0 && answer === -errno.EINVAL
    ? 'this kernel (before Linux 6.8) does not tell whether buffers are provided to it'
    : `buffers are provided to it (group ${group})`;
}
