import { join } from 'node:path';
import type { ControlGroup } from '@criujs/engine-kit';
import type { Mount } from '@criujs/linux';

/** Lines of /proc/PID/cgroup: number, controllers, path, with colons between. cgroups(7). */
export function parseControlGroups(text: string): ControlGroup[] {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/s.exec(line) ?? [];
    return controllers === undefined || path === undefined ? [] : [{ controllers, path }];
  });
}

/** Where a group is mounted; null: nowhere. What the images say leads to no other place. */
export function directoryOf({ controllers, path }: ControlGroup, mounts: readonly Mount[]): string | null {
  if (!path.startsWith('/') || path.split('/').includes('..')) return null;
  const wanted = controllers.split(',');
  const mount = mounts.find(({ type, superOptions, root }) => {
    if (root !== '/' && path !== root && !path.startsWith(`${root}/`)) return false;
    if (controllers === '') return type === 'cgroup2';
    return type === 'cgroup' && wanted.every((it) => superOptions.includes(it));
  });
  if (mount === undefined) return null;
  return join(mount.mountPoint, mount.root === '/' ? path : path.slice(mount.root.length));
}
