import { type CgroupMode, EngineError } from '@criujs/engine-kit';
import { readMountinfo, readText } from '@criujs/linux';
import { controlGroupSet, createSets, type DirectoryInit, newRootOf, topmost } from '../../control-groups/groups.ts';
import { openHierarchy } from '../../control-groups/hierarchy.ts';
import { parseControlGroups } from '../../control-groups/lines.ts';
import { isThreaded, readGroup } from '../../control-groups/read-groups.ts';
import type { FrozenTree } from '../../machinery/freeze/freeze.ts';
import { controlGroupImage, loadControlGroups } from './control-groups-load.ts';
import type { DumpOfTree, SaveContext, TreeKind } from './kind.ts';

type ControlGroups = ReturnType<typeof parseControlGroups>;

/**
 * The groups that the tree has of its own: all that are in those of its processes, with their properties. A hierarchy in which it is where
 * whoever dumps it is, too, is left alone. cgroups(7)
 */
export const controlGroups: TreeKind = {
  name: 'control groups',
  describe: [
    {
      subject: 'rights and limits',
      taken: ['control groups that are gone at the restore, with their properties (`--manage-cgroups`)'],
    },
  ],
  ofThreads(tree, { manageCgroups }) {
    if (!isManaged(manageCgroups)) return () => ({});
    const ids = new Map(setsOf(tree).threads);
    return (tid) => ({ threadCore: { cgSet: ids.get(tid) ?? controlGroupSet } });
  },
  save,
  load: loadControlGroups,
};

function isManaged(mode: CgroupMode | undefined): boolean {
  return mode !== undefined && mode !== 'ignore';
}

/** The sets of groups that its threads are in, and which thread is in which. */
function setsOf({ tasks }: Pick<FrozenTree, 'tasks'>) {
  const sets = createSets(controlGroupSet);
  // The first is that of whoever dumps.
  sets.idOf(groupsOf(process.pid));
  const threads = tasks
    .filter(({ state }) => state !== 'zombie')
    .flatMap((task) => task.threads.map(({ tid }) => [tid, sets.idOf(groupsOf(task.pid, tid))] as const));
  return { sets: sets.all(), threads };
}

function groupsOf(pid: number, tid: number = pid): ControlGroups {
  return parseControlGroups(readText(pid, `task/${tid}/cgroup`));
}

function save(tree: FrozenTree, { images, options }: SaveContext): void {
  if (!isManaged(options.manageCgroups)) return;
  const [ours, ...others] = setsOf(tree).sets;
  // As in CRIU, nothing is said where all are where whoever dumps them is.
  if (ours === undefined || others.length === 0) return;
  const own = new Map(ours.groups.map(({ controllers, path }) => [controllers, path]));
  const mounts = readMountinfo(process.pid);
  const names = [...new Set(others.flatMap(({ groups }) => groups.map(({ controllers }) => controllers)))];
  const controllers = names.map((name) => {
    const paths = others.flatMap(({ groups }) =>
      groups.flatMap(({ controllers: it, path }) =>
        it === name && path !== own.get(name) && path !== '/' ? [path] : [],
      ),
    );
    const dirs = paths.length === 0 ? [] : groupsIn(name, paths, mounts, options);
    return { cnames: name.split(','), dirs, isThreaded: isThreaded(name, dirs) };
  });
  const sets = others.map(({ id, groups }) => ({
    id,
    ctls: groups.map(({ controllers: name, path }) => ({ name, path })),
  }));
  images.write('CGROUP', controlGroupImage, [{ message: { sets, controllers } }]);
}

function groupsIn(
  name: string,
  paths: readonly string[],
  mounts: ReturnType<typeof readMountinfo>,
  { cgroupRoot, cgroupYard }: DumpOfTree,
): DirectoryInit[] {
  if (paths.some((path) => path.split('/').includes('..')))
    throw new EngineError('UNSUPPORTED', 'the tree is in control groups outside of the control group namespace', {
      remedy: 'Dump it from outside of the namespace, or leave --manage-cgroups out.',
    });
  const hierarchy = openHierarchy(name, mounts, cgroupYard);
  try {
    const root = newRootOf(name, cgroupRoot);
    // As in CRIU, a root at a dump is where the groups begin that are taken.
    const begin = (path: string): string => (root !== null && path.startsWith(`${root}/`) ? root : path);
    return topmost(paths.map(begin)).map((path) => readGroup(hierarchy, path));
  } finally {
    hierarchy.close();
  }
}
