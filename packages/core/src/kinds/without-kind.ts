import type { Description } from './description.ts';

// What the README's table says of things that have no kind. Whoever adds a kind for one deletes its words here.

/** What the steps of a dump and a restore take themselves. */
export const takenBySteps: readonly Description[] = [
  {
    subject: 'processes',
    taken: ['trees', 'threads', 'processes that have ended'],
  },
  { subject: 'files', taken: ['current directory', 'root', 'umask'] },
  { subject: 'through plugins', taken: ['accelerators (paused, saved and resumed)'] },
];

/** What is refused because no kind knows it. */
export const notYet: readonly Description[] = [
  {
    subject: 'memory',
    refused: ['shadow stacks', '`MAP_SYNC`', 'memory that a userfaultfd handles'],
  },
  {
    subject: 'pipes and events',
    refused: ['userfaultfd', 'perf events', 'BPF'],
  },
  { subject: 'sockets', refused: ['sockets of virtual machines (vsock)'] },
  {
    subject: 'through plugins',
    refused: ['mounts and network links (plugins take them with `--engine criu`)'],
  },
];
