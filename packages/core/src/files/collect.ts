import {
  EngineError,
  type EngineOptions,
  type NetworkLockRecord,
  type Records,
  type Refusal,
} from '@criujs/engine-kit';
import { create, type FdinfoEntry, FdinfoEntrySchema } from '@criujs/images';
import type { Vma } from '@criujs/linux';
import type { PluginRecord } from '@criujs/plugin-host/facts';
import { type SmallImages, smallImages } from '../engine/dump/small-images.ts';
import type { FileInit } from '../kinds/files/dumping.ts';
import type { HeldFile, Problem, SeenFile, SeenProcess, Tree } from '../kinds/files/held.ts';
import { createMappedDevices } from '../kinds/files/mapped-device.ts';
import { isProblem } from '../kinds/files/problem.ts';
import { seeFiles } from '../kinds/files/seen.ts';
import { imageWriter } from '../kinds/files/side-images.ts';
import { fileKinds } from '../kinds/files/table.ts';
import type { MapProblem } from '../kinds/maps/kind.ts';
import type { FoundObject } from '../kinds/objects/kind.ts';
import type { Hold } from '../machinery/guard/holds.ts';
import { addRecords } from '../records.ts';
import type { Session } from '../run/session.ts';
import { dumpFiles } from './dump-files.ts';
import { findInFlight, type InFlight } from './in-flight.ts';
import { inodeRecords } from './inodes.ts';
import { writeLocks } from './lock-dump.ts';
import { createFilesOfMaps, descriptorOf, mappedFrom, sharedMemoryOf } from './mapped.ts';
import { createPathFiles } from './paths.ts';
import { refusalsOf } from './refusals.ts';
import { groupFiles } from './same.ts';
import { createTree } from './tree.ts';
import { findUnrestorable, type UnrestorableResource } from './unrestorable.ts';

export { surveyFiles } from './survey.ts';

/** FD_CLOEXEC of fcntl(2), as fdinfo images keep it. */
const closeOnExec = 1;

/** A frozen process whose descriptors are to be dumped. */
export interface FrozenProcess extends SeenProcess {
  readonly pidfd: number;
}

/** What the dump of files is told. */
export interface CollectOptions extends EngineOptions<'dump'> {
  readonly hold: Hold;
  readonly leaveRunning: boolean;
}

/** Records that are not about files. */
type OtherRecords = Partial<Pick<Records, 'tasks' | 'attributes' | 'memory' | 'systemV'>>;

/** All open files of a frozen tree. Nothing was changed to find them. */
export interface CollectedFiles {
  /** Everything that cannot be dumped; empty: go on. {@link addPath} may add to it. */
  readonly refusals: readonly Refusal[];
  /** What plugins took so far and no loaded plugin could bring back. */
  unrestorable(): UnrestorableResource[];
  /** Names of the plugins that took something, in the order in which they first did. */
  providers(): readonly string[];
  /** The entries of `fdinfo-N.img` for one process, in the order of their numbers. */
  fdinfo(pid: number): FdinfoEntry[];
  /**
   * The id of an entry for a program, a directory or a mapped file. When nobody can dump it, a refusal is added and the answer
   * is 0.
   */
  addPath(file: HeldFile): number;
  /** The file that a memory map was made from, or why it cannot be told. */
  fileOfMap(pid: number, vma: Vma): HeldFile | MapProblem;
  /** The id of the open file without a path that a process has mapped and a descriptor of; undefined: it has none. */
  mappedDescriptor(pid: number, vma: Vma): number | undefined;
  /** Anonymous shared memory that is mapped and that somebody has a descriptor of, too; null: nobody has. */
  sharedMemory(vma: Vma): HeldFile | null;
  /** Whether a plugin takes the map of a device, which `resource` names. */
  takesDevice(process: SeenProcess, vma: Vma, resource: string): boolean;
  /** The id of the file behind a memory map that a plugin took; null when there is none. */
  externalMapping(pid: number, vma: Vma): number | Problem | null;
  /** Memory of files, which goes where pages go: once all entries are there. */
  contents(): FoundObject[];
  /** How the network is held until a restore; undefined: it is not. */
  networkLock(): NetworkLockRecord | undefined;
  /** How many open files the images will hold. */
  count(): number;
  /** Adds files.img, and writes what kinds of files have beside it: what waits in pipes is read here, and stays there. */
  write(images: SmallImages): void;
  /** Adds criujs.json, once the plugins have finished their part of the dump. */
  record(images: SmallImages, plugins: readonly PluginRecord[], others?: OtherRecords): void;
  /** Closes what the engine has of files that are on their way. */
  close(): void;
}

/**
 * Finds every open file of a tree that stands still, asks the plugins for those that no kind of file takes, and makes their
 * entries.
 * @throws EngineError what a plugin throws, and NOT_PERMITTED
 */
export function collectFiles(
  processes: readonly FrozenProcess[],
  options: CollectOptions,
  session: Session,
): CollectedFiles {
  const seen = processes.flatMap((process) => {
    session.checkAborted();
    return seeFiles(process);
  });
  const pidfdOf = pidfdIn(processes);
  const lookAt = (all: readonly SeenFile[], pidfdOfAll: (pid: number) => number): Tree =>
    createTree(all, { processes, hooks: session.hooks, options, pidfdOf: pidfdOfAll });
  const tree = lookAt(seen, pidfdOf);
  const inFlight = findInFlight(seen, tree, options.hold);
  const found = { processes, seen, inFlight };
  try {
    if (inFlight.files.length === 0) return collectAll({ ...found, all: seen, tree, pidfdOf }, options, session);
    const all = [...seen, ...inFlight.files];
    const pidfdOfAll = (pid: number): number => (pid === process.pid ? inFlight.pidfd() : pidfdOf(pid));
    const whole = { all, tree: lookAt(all, pidfdOfAll), pidfdOf: pidfdOfAll };
    return collectAll({ ...found, ...whole }, options, session);
  } catch (error) {
    inFlight.close();
    throw error;
  }
}

/** All files that were found. */
interface Found {
  readonly processes: readonly FrozenProcess[];
  readonly seen: readonly SeenFile[];
  readonly inFlight: InFlight;
  /** With those that are on their way. */
  readonly all: readonly SeenFile[];
  readonly tree: Tree;
  pidfdOf(pid: number): number;
}

function collectAll(
  { processes, seen, inFlight, all, tree, pidfdOf }: Found,
  options: CollectOptions,
  session: Session,
): CollectedFiles {
  let lastId = 0;
  const nextId = (): number => ++lastId;
  const files = groupFiles(all, nextId);
  const { entries, byKind, add, records, problems } = dumpFiles(files, nextId, {
    session,
    tree,
    hold: options.hold,
    endsTree: !options.leaveRunning,
    pidfdOf,
  });
  const words = refusalsOf(processes, inFlight);
  const refusals: Refusal[] = problems.flatMap(({ holders, problem }) => words.ofHolders(holders, problem));
  const paths = createPathFiles({ nextId, add }, options);
  const types = new Map(entries.map(({ id, type }) => [id, type]));
  const claimed = [...records.externals.map(({ file }) => file.provider), ...records.sockets.map((it) => it.provider)];
  const devices = createMappedDevices(session);
  const ofPlugins = new Set(records.externals.map(({ id }) => id));
  const mapped = mappedFrom(files.all.filter(({ id }) => ofPlugins.has(id)));

  return {
    refusals,
    unrestorable: () =>
      findUnrestorable({
        records,
        devices: devices.taken,
        files: files.all,
        tree,
        commandOf: (pid) => words.commandOf(pid) ?? '',
      }),
    providers: () => [
      ...new Set([...claimed, ...devices.taken.map(({ provider }) => provider)].flatMap((it) => it?.name ?? [])),
    ],
    fdinfo: (pid) =>
      seen.flatMap((file) => {
        const id = file.pid === pid ? files.idOf(file) : undefined;
        const type = id === undefined ? undefined : types.get(id);
        if (id === undefined || type === undefined) return [];
        return [create(FdinfoEntrySchema, { id, type, fd: file.fd, flags: file.closeOnExec ? closeOnExec : 0 })];
      }),
    addPath(file) {
      const answer = paths.add(file);
      if (typeof answer === 'number') return answer;
      refusals.push(words.of(file.pid, answer));
      return 0;
    },
    fileOfMap: createFilesOfMaps(seen),
    mappedDescriptor: (pid, vma) => files.idOf(descriptorOf(pid, vma, seen) ?? { pid, fd: -1 }),
    sharedMemory: (vma) => sharedMemoryOf(vma, seen),
    contents: () => [...byKind].flatMap(([kind, saved]) => kind.contents?.(saved) ?? []),
    count: () => entries.length,
    networkLock: () => records.networkLocks[0],
    takesDevice: devices.take,
    externalMapping(pid, vma) {
      const found = mapped(pid, vma);
      return found === null || isProblem(found) ? found : found.id;
    },
    write(images) {
      const first: FileInit[] = [];
      const addFirst = (entry: FileInit): void => void first.push(entry);
      // What files hold may be much: it is written at once instead of being kept.
      const atOnce = imageWriter(smallImages(session.store, false));
      const { packetsOf } = inFlight;
      const { idOf } = files;
      const { hold } = options;
      const context = { tree, images: atOnce, records, nextId, addFirst, idOf, packetsOf, hold, session };
      for (const kind of fileKinds) kind.save?.(byKind.get(kind) ?? [], context);
      // Locks of what a plugin took are the plugin's.
      const own = files.all.filter(({ id }) => !ofPlugins.has(id));
      writeLocks(own, seen, context);
      const all = [...first, ...entries].map((message) => ({ message }));
      imageWriter(images).write('FILES', 'files.img', all);
    },
    record(images, plugins, others) {
      const takes = devices.taken.map(({ process: { pid, command }, resource, provider }) => {
        return { hook: 'HANDLE_DEVICE_VMA', resource: `${pid} (${command}) ${resource}`, provider } as const;
      });
      addRecords(images, { ...records, takes, tasks: [], ...others, inodes: inodeRecords(byKind), plugins });
    },
    close: inFlight.close,
  };
}

function pidfdIn(processes: readonly FrozenProcess[]): (pid: number) => number {
  const pidfds = new Map(processes.map(({ pid, pidfd }) => [pid, pidfd]));
  return (pid) => {
    const pidfd = pidfds.get(pid);
    if (pidfd === undefined) throw new EngineError('INTERNAL', `process ${pid} is not part of the tree`, { pid });
    return pidfd;
  };
}
