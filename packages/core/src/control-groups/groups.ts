import type { ControlGroup } from '@criujs/engine-kit';
import type { CgroupDirEntry, CgroupEntry, EntryInit } from '@criujs/images';

export type DirectoryInit = NonNullable<NonNullable<EntryInit<'CGROUP'>['controllers']>[number]['dirs']>[number];

/** A set of groups that threads are in, one of each hierarchy. */
export interface GroupSet {
  readonly id: number;
  readonly groups: readonly ControlGroup[];
}

/** A root that groups get instead of their own. criu(8), --cgroup-root */
export interface NewRoot {
  /** A controller, or `name=NAME`; null: all. */
  readonly controller: string | null;
  readonly path: string;
}

/** The set of whoever dumps: of every task, unless groups are managed. */
export const controlGroupSet = 1;

/** Gives each different set of groups a number. @param first that of the first one */
export function createSets(first: number): {
  idOf(groups: readonly ControlGroup[]): number;
  all(): readonly GroupSet[];
} {
  const sets = new Map<string, GroupSet>();
  return {
    idOf(groups) {
      const key = JSON.stringify(groups.map(({ controllers, path }) => [controllers, path]));
      const found = sets.get(key) ?? { id: first + sets.size, groups };
      sets.set(key, found);
      return found.id;
    },
    all: () => [...sets.values()],
  };
}

/** The root that a hierarchy gets; null: it keeps its own. */
export function newRootOf(name: string, roots: readonly NewRoot[]): string | null {
  const controllers = name.split(',');
  const own = roots.find(({ controller }) => controller !== null && controllers.includes(controller));
  return (own ?? roots.find(({ controller }) => controller === null))?.path ?? null;
}

/** A group below a new root, in the place of one below an old one; null: it lies elsewhere. */
export function movedGroup(path: string, from: string, to: string): string | null {
  const old = `/${from}`.replace(/\/+$/, '');
  if (path !== old && !path.startsWith(`${old}/`)) return null;
  return `${to.replace(/\/+$/, '')}${path.slice(old.length)}` || '/';
}

/** Those of some paths that lie below no other of them. */
export function topmost(paths: readonly string[]): string[] {
  const all = [...new Set(paths)].sort();
  return all.filter((path) => !all.some((other) => other !== path && path.startsWith(`${other}/`)));
}

/** A group of the images, with the path that it has in its hierarchy. */
export interface PlacedGroup {
  readonly path: string;
  readonly entry: CgroupDirEntry;
}

/** Groups of the images, parents before what is in them. */
export function placedGroups(dirs: readonly CgroupDirEntry[], above: string = ''): PlacedGroup[] {
  return dirs.flatMap((entry) => {
    const path = entry.dirName === '' ? above : `${above}/${entry.dirName}`;
    const own = entry.dirName === '' ? [] : [{ path, entry }];
    return [...own, ...placedGroups(entry.children, path)];
  });
}

/** Deeper than any hierarchy that a program makes, and more groups. */
const limits = { depth: 64, groups: 16_384, name: 4096 } as const;

/** What of an entry of the images no kernel can have; null: nothing. */
export function mistakeIn({ sets, controllers }: CgroupEntry): string | null {
  const paths = sets.flatMap(({ ctls }) => ctls.map(({ path }) => path));
  const strange = paths.find((path) => !path.startsWith('/') || !isPlain(path));
  if (strange !== undefined) return `a control group ${JSON.stringify(strange)}`;
  if (controllers.some(({ cnames }) => cnames.length === 0)) return 'a hierarchy without a name';
  let left: number = limits.groups;
  const mistake = (dirs: readonly CgroupDirEntry[], depth: number): string | null => {
    if (depth > limits.depth) return 'control groups too deep in each other';
    for (const { dirName, children, properties } of dirs) {
      if (--left < 0) return 'too many control groups';
      if (!isPlain(dirName)) return `a control group ${JSON.stringify(dirName)}`;
      const odd = properties.find(({ name }) => !/^\w+(?:\.\w+)*$/.test(name));
      if (odd !== undefined) return `a property ${JSON.stringify(odd.name)} of a control group`;
      const below = mistake(children, depth + 1);
      if (below !== null) return below;
    }
    return null;
  };
  return controllers.map(({ dirs }) => mistake(dirs, 0)).find((it) => it !== null) ?? null;
}

/** It leads to no other place, and a path can have it. */
function isPlain(path: string): boolean {
  return path.length <= limits.name && !path.includes('\0') && !path.split('/').includes('..');
}
