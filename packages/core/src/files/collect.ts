import { EngineError, type FileOptions, type Records, type Refusal } from '@criujs/engine-kit';
import { create, type FdinfoEntry, FdinfoEntrySchema } from '@criujs/images';
import type { Vma } from '@criujs/linux';
import type { PluginRecord } from '@criujs/plugin-host/facts';
import { type SmallImages, smallImages } from '../engine/dump/small-images.ts';
import { descriptorResource } from '../kinds/files/describe.ts';
import type { FileInit, HeldFile, Holder, Problem, SeenProcess } from '../kinds/files/kind.ts';
import { createMappedDevices } from '../kinds/files/mapped-device.ts';
import { seeFiles } from '../kinds/files/seen.ts';
import { imageWriter } from '../kinds/files/side-images.ts';
import { fileKinds, isProblem } from '../kinds/files/table.ts';
import type { MapProblem } from '../kinds/maps/kind.ts';
import type { Hold } from '../machinery/guard/holds.ts';
import { addRecords } from '../records.ts';
import type { Session } from '../run/session.ts';
import { dumpFiles } from './dump-files.ts';
import { inodeRecords } from './inodes.ts';
import { fileOfMap, mappedFrom } from './mapped.ts';
import { createPathFiles } from './paths.ts';
import { groupFiles, holdersByProcess } from './same.ts';
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
export interface CollectOptions extends FileOptions {
  readonly hold: Hold;
}

/** Records that are not about files. */
type OtherRecords = Partial<Pick<Records, 'tasks' | 'attributes' | 'memory'>>;

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
  /** Whether a plugin takes the map of a device, which `resource` names. */
  takesDevice(process: SeenProcess, vma: Vma, resource: string): boolean;
  /** The id of the file behind a memory map that a plugin took; null when there is none. */
  externalMapping(pid: number, vma: Vma): number | Problem | null;
  /** How many open files the images will hold. */
  count(): number;
  /** Adds files.img, and writes what kinds of files have beside it: what waits in pipes is read here, and stays there. */
  write(images: SmallImages): void;
  /** Adds criujs.json, once the plugins have finished their part of the dump. */
  record(images: SmallImages, plugins: readonly PluginRecord[], others?: OtherRecords): void;
  /** Nothing is held open between calls: this is for callers that treat all steps alike. */
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
  const tree = createTree(seen, { hooks: session.hooks, options, pidfdOf: pidfdIn(processes) });
  let lastId = 0;
  const nextId = (): number => ++lastId;
  const files = groupFiles(seen, nextId);
  const { entries, byKind, add, records, problems } = dumpFiles(files, { session, tree, hold: options.hold });
  const refusals: Refusal[] = problems.flatMap(({ holders, problem }) => ofHolders(holders, problem));
  const paths = createPathFiles({ nextId, add }, options);
  const types = new Map(entries.map(({ id, type }) => [id, type]));
  const claimed = [...records.externals.map(({ file }) => file.provider), ...records.sockets.map((it) => it.provider)];
  const devices = createMappedDevices(session);
  const ofPlugins = new Set(records.externals.map(({ id }) => id));
  const mapped = mappedFrom(files.all.filter(({ id }) => ofPlugins.has(id)));

  function commandOf(pid: number): { command?: string } {
    const command = processes.find((process) => process.pid === pid)?.command;
    return command === undefined ? {} : { command };
  }

  /** One for each process that has the file open. */
  function ofHolders(holders: readonly Holder[], { file, why, remedy }: Problem): Refusal[] {
    return [...holdersByProcess(holders)].map(([pid, fds]) => ({
      pid,
      ...commandOf(pid),
      resource: descriptorResource(fds, file),
      why,
      remedy,
    }));
  }

  function refuse(pid: number, { file, why, remedy }: Problem): void {
    refusals.push({ pid, ...commandOf(pid), resource: file, why, remedy });
  }

  return {
    refusals,
    unrestorable: () =>
      findUnrestorable({
        records,
        devices: devices.taken,
        files: files.all,
        tree,
        commandOf: (pid) => commandOf(pid).command ?? '',
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
      refuse(file.pid, answer);
      return 0;
    },
    fileOfMap: (pid, vma) => fileOfMap(pid, vma, seen),
    count: () => entries.length,
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
      const context = { tree, images: atOnce, nextId, addFirst, hold: options.hold };
      for (const kind of fileKinds) kind.save?.(byKind.get(kind) ?? [], context);
      const all = [...first, ...entries].map((message) => ({ message }));
      imageWriter(images).write('FILES', 'files.img', all);
    },
    record(images, plugins, others) {
      addRecords(images, { ...records, tasks: [], ...others, inodes: inodeRecords(byKind), plugins });
    },
    close: () => undefined,
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
