import { namespaces as readNamespaces, namespacesOfThread as readNamespacesOfThread } from '@criujs/linux';
import type { ProcessKind, ProcessProblem, SeenProcess } from './kind.ts';

/**
 * The namespaces of a process, in the words of namespaces(7). Clocks are left out: CRIU gives everything that it restores a time
 * namespace, and a program can live with another one.
 */
const names = {
  pid: 'process ids',
  pid_for_children: 'process ids of children',
  net: 'network',
  ipc: 'System V IPC',
  uts: 'host name',
  mnt: 'mounts',
  user: 'users',
  cgroup: 'control groups',
} as const;

/** What a thread may have for itself: a new namespace of users only the one thread of a process may have. unshare(2), setns(2) */
const ofThreads = ['pid_for_children', 'net', 'ipc', 'uts', 'mnt', 'cgroup'] as const;

/** Namespaces: for now only our own. */
export const namespaces: ProcessKind = {
  name: 'namespaces',
  describe: [
    {
      subject: 'processes',
      refused: [
        "namespaces other than criujs' own (run criujs inside them with `nsenter`)",
        'threads with namespaces of their own',
      ],
    },
  ],
  subject: 'namespace',
  reads: { links: Object.keys(names).map((kind) => `ns/${kind}`) },
  readsOfOthers: { links: ofThreads.map((kind) => `ns/${kind}`) },
  recognise,
};

function recognise({ pid, others }: SeenProcess): ProcessProblem[] {
  const theirs = namespacesOf(pid);
  if (theirs === null) return [];
  return [
    ...differing(theirs, readNamespaces(process.pid)).map((kind) => ({
      resource: `namespace of ${names[kind]}`,
      why: 'it differs from ours; namespaces are not supported yet',
      remedy: 'Run criujs inside the same namespaces (nsenter), or dump the container with CRIU.',
    })),
    ...others.flatMap(({ tid }) => {
      const its = namespacesOf(pid, tid);
      return (its === null ? [] : differing({ ...theirs, ...its }, theirs)).map((kind) => ({
        resource: `thread ${tid}: namespace of ${names[kind]}`,
        why: 'the thread has it for itself (unshare or setns), and images hold namespaces for the process as a whole',
        remedy: 'Dump it when the thread is back in the namespace of its process, or run that part as a process.',
      }));
    }),
  ];
}

type Kind = keyof typeof names;

function differing(theirs: Namespaces, others: Namespaces): Kind[] {
  // Who is just ending has left all but those of users and processes.
  if (theirs.net === 0 && theirs.uts === 0) return [];
  return (Object.keys(names) as Kind[]).filter((kind) => {
    // One for children has no number until the first of them. 0 elsewhere: the kernel has none of the kind.
    return theirs[kind] !== others[kind] && (theirs[kind] !== 0 || kind === 'pid_for_children');
  });
}

type Namespaces = ReturnType<typeof readNamespaces>;

/** null: it has ended, or may not be looked at. */
function namespacesOf(pid: number): Namespaces | null;
function namespacesOf(pid: number, tid: number): Pick<Namespaces, (typeof ofThreads)[number]> | null;
function namespacesOf(pid: number, tid?: number): Partial<Namespaces> | null {
  try {
    return tid === undefined ? readNamespaces(pid) : readNamespacesOfThread(pid, tid, ofThreads);
  } catch {
    // It has ended, or is not ours to read: that it cannot be traced either is told when it is seized.
    return null;
  }
}
