import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '@criujs/engine-kit';
import { arena, closeFd, LinuxError, type Mount, openPath, syscall } from '@criujs/linux';
import { fsconfig, mountDescriptor } from '../facts/control-groups.ts';
import { openFlag } from '../kinds/files/flags.ts';

/** The tree of groups of some controllers. cgroups(7) */
export interface Hierarchy {
  /** As `/proc/PID/cgroup` names it: controllers, or `name=NAME`; empty: cgroup v2. */
  readonly name: string;
  /** Its root directory, open. */
  readonly fd: number;
  close(): void;
}

const named = 'name=';

/**
 * Opens the root of a hierarchy: where it is mounted, in a yard that the user has made, or mounted nowhere, by itself. One without controllers
 * that is not there yet is made so.
 * @param yard a directory with a hierarchy in each of its directories, `unified` for cgroup v2; null: there is none
 * @throws EngineError KERNEL, NOT_PERMITTED where it is nowhere
 */
export function openHierarchy(name: string, mounts: readonly Mount[], yard: string | null): Hierarchy {
  const path = yard === null ? mountedAt(name, mounts) : join(yard, yardName(name));
  try {
    const fd = path === null ? mountAlone(name) : openPath(path, openFlag.O_DIRECTORY | openFlag.O_CLOEXEC);
    return { name, fd, close: () => closeFd(fd) };
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    throw failure(name, path, error);
  }
}

/** A path of a group below the root of a hierarchy, by any way that Node takes. */
export function pathIn({ fd }: Hierarchy, path: string): string {
  return join(`/proc/self/fd/${fd}`, path);
}

/** What a hierarchy is called in words. */
export function hierarchyWords(name: string): string {
  return name === '' ? 'cgroup v2' : name;
}

/** How a yard calls a hierarchy: criu(8), --cgroup-yard */
function yardName(name: string): string {
  if (name === '') return 'unified';
  return name.startsWith(named) ? name.slice(named.length) : name;
}

function mountedAt(name: string, mounts: readonly Mount[]): string | null {
  const wanted = name.split(',');
  const whole = mounts.filter(({ type, root, superOptions }) => {
    if (root !== '/') return false;
    return name === '' ? type === 'cgroup2' : type === 'cgroup' && wanted.every((it) => superOptions.includes(it));
  });
  return whole.find(({ mountPoint }) => existsSync(join(mountPoint, 'cgroup.procs')))?.mountPoint ?? null;
}

/** Mounts it where nobody sees it: it is gone with the descriptor. fsopen(2) */
function mountAlone(name: string): number {
  return arena.scope(() => {
    const word = (text: string): number => arena.cstring(text).address;
    const context = syscall('fsopen', word(name === '' ? 'cgroup2' : 'cgroup'), mountDescriptor.openCloseOnExec);
    try {
      if (name.startsWith(named))
        syscall('fsconfig', context, fsconfig.setString, word('name'), word(name.slice(named.length)), 0);
      else
        for (const controller of name.split(',').filter(Boolean))
          syscall('fsconfig', context, fsconfig.setFlag, word(controller), 0, 0);
      syscall('fsconfig', context, fsconfig.create, 0, 0, 0);
      return syscall('fsmount', context, mountDescriptor.mountCloseOnExec, 0);
    } finally {
      closeFd(context);
    }
  });
}

function failure(name: string, path: string | null, cause: LinuxError): EngineError {
  const where = path === null ? 'is not mounted here, and cannot be' : `cannot be opened at ${path}`;
  const isRight = cause.code === 'EPERM' || cause.code === 'EACCES';
  return new EngineError(
    isRight ? 'NOT_PERMITTED' : 'KERNEL',
    `the control groups of ${hierarchyWords(name)}: their hierarchy ${where} (${cause.code})`,
    { cause, remedy: 'Mount it, run as root, or leave --manage-cgroups out.' },
  );
}
