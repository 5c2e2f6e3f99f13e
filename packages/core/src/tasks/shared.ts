import { EngineError, type Refusal } from '@criujs/engine-kit';
import { compare, LinuxError, unlessGone } from '@criujs/linux';
import type { Family, Relative } from './sessions.ts';

/** Things that two processes may share and that an image of ours holds one of for each. */
const unshared = [
  { type: 'VM', what: 'memory', remedy: 'It is between vfork() and exec(): dump it a moment later.' },
  { type: 'FILES', what: 'its table of descriptors', remedy: 'Dump it with CRIU.' },
  { type: 'FS', what: 'its working directory and umask', remedy: 'Dump it with CRIU.' },
  { type: 'SIGHAND', what: 'its signal handlers', remedy: 'Dump it with CRIU.' },
] as const;

/**
 * Whether this was refused for the time between vfork() and exec() (vfork(2)), in which a child borrows its parent's memory:
 * with a shell that is over in a moment.
 */
export function passesWithExec({ resource }: { readonly resource: string }): boolean {
  return resource === unshared[0].what;
}

/** Refuses processes that share with their parent what processes do not share (clone(2) with CLONE_VM and the like). */
export function sharedWithParent(tree: Family): Refusal[] {
  return tree.tasks.flatMap((task) =>
    task.ppid === 0 || task.state === 'zombie'
      ? []
      : unshared.flatMap(({ type, what, remedy }): Refusal[] =>
          shares(type, task)
            ? [
                {
                  pid: task.pid,
                  command: task.command,
                  resource: what,
                  why: `it is shared with its parent ${task.ppid}`,
                  remedy,
                },
              ]
            : [],
        ),
  );
}

function shares(type: (typeof unshared)[number]['type'], task: Relative): boolean {
  try {
    // Whoever has gone meanwhile shares nothing.
    return unlessGone(() => compare(type, task.pid, task.ppid) === 0, false);
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    throw new EngineError('NOT_PERMITTED', `kcmp(2) is refused (${error.code}): what processes share cannot be told`, {
      cause: error,
      remedy: "Allow kcmp in the container's seccomp filter; `criujs check` tells more.",
    });
  }
}
