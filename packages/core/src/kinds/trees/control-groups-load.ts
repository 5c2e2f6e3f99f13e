import { type CgroupMode, type ControlGroup, EngineError } from '@criujs/engine-kit';
import type { CgroupEntry } from '@criujs/images';
import { readMountinfo } from '@criujs/linux';
import { mistakeIn, movedGroup, type NewRoot, newRootOf, placedGroups } from '../../control-groups/groups.ts';
import { type Hierarchy, openHierarchy, pathIn } from '../../control-groups/hierarchy.ts';
import {
  againLater,
  furnishEarly,
  furnishLate,
  type Group,
  groupIsThere,
  groupWords,
  makeGroup,
  missingAbove,
  removeCall,
} from '../../control-groups/write-groups.ts';
import type { TaskImage, TreeImage } from '../../engine/restore/read.ts';
import type { Maker } from '../../system-v/maker.ts';
import { invalid } from '../rules.ts';
import type { LoadContext, LoadedTree } from './kind.ts';

export const controlGroupImage = 'cgroup.img';

/** What a mode does with groups: criu(8), --manage-cgroups. */
interface Mode {
  /** Makes those that are gone; else it is an error. */
  readonly makes: boolean;
  /** What is there is an error. */
  readonly onlyNew?: true;
  /** Sets properties of what was there. */
  readonly setsOld: boolean;
}

const modes: Readonly<Record<Exclude<CgroupMode, 'ignore'>, Mode>> = {
  none: { makes: false, setsOld: false },
  props: { makes: false, setsOld: true },
  soft: { makes: true, setsOld: false },
  full: { makes: true, setsOld: true },
  strict: { makes: true, onlyNew: true, setsOld: true },
};

/** Reads the groups and looks which of them are there. @throws EngineError */
export function loadControlGroups(tree: TreeImage, context: LoadContext): LoadedTree | undefined {
  const { options, session, readOne, records } = context;
  const { manageCgroups, cgroupRoot, cgroupYard } = options;
  if (manageCgroups === undefined) return undefined;
  if (manageCgroups === 'ignore') return { groups: { of: () => [], directoryOf: () => null } };
  const entry = session.store.exists(controlGroupImage) ? readOne('CGROUP', controlGroupImage) : null;
  if (entry === null) return undefined;
  const mistake = mistakeIn(entry);
  if (mistake !== null) throw invalid(controlGroupImage, mistake);
  const moved = movedBy(entry, cgroupRoot);
  const hierarchies = openAll(entry, cgroupYard);
  context.untilMade(() => {
    for (const it of hierarchies) it.close();
  });
  const mode = modes[manageCgroups];
  const groups = groupsOf(entry, hierarchies, moved, mode);
  const threads = membersOf(tree, entry);
  const ours = new Map(records?.attributes?.map((it) => [it.tid, it.process?.controlGroups]));
  const complain = (what: string): void => {
    if (mode.onlyNew) throw new EngineError('KERNEL', what, { remedy: 'Choose another mode: --manage-cgroups soft.' });
    session.warn(what);
  };
  return {
    prepare: (_helper, _workshop, maker) => makeAll(groups, maker, complain),
    groups: {
      of: (tid) => (threads.get(tid) ?? ours.get(tid) ?? []).map((it) => ({ ...it, path: moved(it) })),
      directoryOf({ controllers, path }) {
        const hierarchy = hierarchies.find(({ name }) => name === controllers);
        return hierarchy === undefined ? null : pathIn(hierarchy, path);
      },
    },
    complete() {
      for (const group of groups) if (!group.isThere || mode.setsOld) furnishLate(group, complain);
    },
  };
}

/** Where a group of the images is now. */
type Moved = (group: ControlGroup) => string;

function movedBy({ controllers }: CgroupEntry, roots: readonly NewRoot[]): Moved {
  const all = controllers.flatMap(({ cnames, dirs }) => {
    const to = newRootOf(cnames.join(','), roots);
    return to === null ? [] : [{ name: cnames.join(','), to, heads: dirs.map(({ dirName }) => dirName) }];
  });
  return ({ controllers: name, path }) => {
    const own = all.find((it) => it.name === name);
    return own?.heads.map((head) => movedGroup(path, head, own.to)).find((it) => it !== null) ?? path;
  };
}

function openAll({ controllers }: CgroupEntry, yard: string | null): Hierarchy[] {
  const mounts = readMountinfo(process.pid);
  const opened: Hierarchy[] = [];
  try {
    // Of others no group is the tree's own.
    for (const { cnames, dirs } of controllers)
      if (dirs.length > 0) opened.push(openHierarchy(cnames.join(','), mounts, yard));
  } catch (error) {
    for (const it of opened) it.close();
    throw error;
  }
  return opened;
}

/** @throws EngineError where the mode wants what is not so */
function groupsOf({ controllers }: CgroupEntry, hierarchies: readonly Hierarchy[], moved: Moved, mode: Mode): Group[] {
  return controllers.flatMap(({ cnames, dirs }) => {
    const hierarchy = hierarchies.find(({ name }) => name === cnames.join(','));
    if (hierarchy === undefined) return [];
    return placedGroups(dirs).map(({ path: old, entry }) => {
      const path = moved({ controllers: hierarchy.name, path: old });
      const group: Group = { hierarchy, path, entry, isThere: groupIsThere(hierarchy, path) };
      if (!group.isThere && !mode.makes)
        throw new EngineError('FILE_MISSING', `${groupWords(group)} is not there`, {
          resource: groupWords(group),
          remedy: 'Make it, or let the restore make it: --manage-cgroups soft.',
        });
      if (group.isThere && mode.onlyNew)
        throw new EngineError('FILE_CHANGED', `${groupWords(group)} is there already`, {
          resource: groupWords(group),
          remedy: 'Remove it, or let the restore use it: --manage-cgroups soft.',
        });
      return group;
    });
  });
}

/** Which groups each thread was in; threads that were where whoever dumped them was are left out. */
function membersOf({ tasks }: TreeImage, { sets }: CgroupEntry): Map<number, readonly ControlGroup[]> {
  const known = new Map(sets.map(({ id, ctls }) => [id, ctls.map(({ name, path }) => ({ controllers: name, path }))]));
  const living = tasks.filter((task): task is TaskImage => task.state !== 'zombie');
  return new Map(
    living.flatMap(({ threads, cores }) =>
      threads.flatMap((tid, at) => {
        const groups = known.get(setOf(cores[at]) ?? 0);
        return groups === undefined ? [] : [[tid, groups] as const];
      }),
    ),
  );
}

/** Older releases of CRIU have it in the process. Sets have numbers from 1. */
function setOf(core: TaskImage['cores'][number] | undefined): number | undefined {
  return core?.threadCore?.cgSet || core?.tc?.cgSet;
}

/** Makes what is gone, and removes it again if the restore fails. */
function makeAll(groups: readonly Group[], maker: Maker, complain: (what: string) => void): void {
  const gone = groups.filter(({ isThere }) => !isThere);
  if (gone.length === 0) return;
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  if (!maker.mayBe({ uid, gid }))
    throw new EngineError('IMAGES_UNTRUSTED', 'control groups are made of images of one’s own only', {
      remedy: 'Restore as the owner of the images, or give them to yourself (`chown`) if you trust them.',
    });
  const missing = new Map<string, readonly [Hierarchy, string]>();
  for (const group of gone)
    for (const path of missingAbove(group)) missing.set(`${group.hierarchy.fd} ${path}`, [group.hierarchy, path]);
  const all = [...missing.values()];
  const undo = [...all].reverse().map(([hierarchy, path]) => removeCall(hierarchy, path));
  const held = {
    what: `${all.length} new control groups`,
    undo,
    afterDeath: againLater(undo),
    atCommit: 'kept',
  } as const;
  maker.hold(held, () => {
    const furnished = new Map(gone.map((group) => [`${group.hierarchy.fd} ${group.path}`, group]));
    for (const [key, [hierarchy, path]] of missing) {
      makeGroup(hierarchy, path);
      const group = furnished.get(key);
      if (group !== undefined) furnishEarly(group, complain);
    }
  });
}
