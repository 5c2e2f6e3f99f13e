import { namespaces as readNamespaces } from '@criujs/linux';
import type { ProcessKind, ProcessProblem, SeenProcess } from './kind.ts';

/**
 * The namespaces of a process, in the words of namespaces(7). Clocks are left out: CRIU gives everything that it restores a time
 * namespace, and a program can live with another one.
 */
const names = {
  pid: 'process ids',
  net: 'network',
  ipc: 'System V IPC',
  uts: 'host name',
  mnt: 'mounts',
  user: 'users',
  cgroup: 'control groups',
} as const;

/** Namespaces: for now only our own. */
export const namespaces: ProcessKind = {
  name: 'namespaces',
  describe: [
    { subject: 'processes', refused: ["namespaces other than criujs' own (run criujs inside them with `nsenter`)"] },
  ],
  subject: 'namespace',
  recognise,
};

function recognise({ pid }: SeenProcess): ProcessProblem[] {
  const own = readNamespaces(process.pid);
  const theirs = namespacesOf(pid);
  if (theirs === null) return [];
  return (
    (Object.keys(names) as (keyof typeof names)[])
      // 0: the kernel has none of the kind, or the process is just ending and has left its namespaces.
      .filter((kind) => theirs[kind] !== 0 && theirs[kind] !== own[kind])
      .map((kind) => ({
        resource: `namespace of ${names[kind]}`,
        why: 'it differs from ours; namespaces are not supported yet',
        remedy: 'Run criujs inside the same namespaces (nsenter), or dump the container with CRIU.',
      }))
  );
}

function namespacesOf(pid: number): ReturnType<typeof readNamespaces> | null {
  try {
    return readNamespaces(pid);
  } catch {
    // Not ours to read: that it cannot be traced either is told when it is seized.
    return null;
  }
}
