import { EngineError } from '@criujs/engine-kit';
import type { FileOwner } from '@criujs/engine-kit/externals';
import { readAhead } from '@criujs/linux';
import { inPieces } from '../in-pieces.ts';
import type { DumpContext, FileInit, FileRecords, OpenFile, SavedFile } from '../kinds/files/dumping.ts';
import { fileTypes } from '../kinds/files/file-type.ts';
import type { Holder, Problem, SeenFile } from '../kinds/files/held.ts';
import type { FileKind } from '../kinds/files/kind.ts';
import { isOwnerInside, nobody, readOwner } from '../kinds/files/owner.ts';
import { isProblem } from '../kinds/files/problem.ts';
import { hasPath } from '../kinds/files/reachable.ts';
import { regularEntry } from '../kinds/files/reg-entry.ts';
import { type Recognised, recognise, recogniseHeld, whyNoPlugin } from '../kinds/files/table.ts';
import { filesAtOnce, readNoOwners } from './look-for-owners.ts';
import type { Description, GroupedFiles } from './same.ts';

/** What dumping all open files came to. */
export interface DumpedFiles {
  /** The entries of files.img so far. */
  readonly entries: readonly FileInit[];
  /** The same by kind. */
  readonly byKind: ReadonlyMap<FileKind, readonly SavedFile[]>;
  /** Adds one without a descriptor. */
  add(kind: FileKind, saved: SavedFile): void;
  readonly records: FileRecords;
  /** Each with the descriptors of its file. */
  readonly problems: readonly { readonly holders: readonly Holder[]; readonly problem: Problem }[];
}

/** What dumping all of them needs. */
interface DumpFilesContext extends Pick<DumpContext, 'session' | 'tree' | 'hold' | 'endsTree'> {
  /** A descriptor of a process. */
  pidfdOf(pid: number): number;
}

/**
 * Dumps every open file by its kind, once, however many descriptors it has.
 * @param nextId gives an id that no entry has
 */
export function dumpFiles(
  { all, idOf }: GroupedFiles,
  nextId: () => number,
  { session, tree, hold, endsTree, pidfdOf }: DumpFilesContext,
): DumpedFiles {
  const records: FileRecords = {
    ...{ externals: [], sockets: [], pipes: [], timers: [], pidfds: [], epollTargets: [], rings: [], unixSockets: [] },
    terminals: [],
    networkLocks: [],
    failedConnections: [],
    netlinks: [],
    packets: [],
    ...{ inetSockets: [], inetQueues: [], memberships: [] },
  };
  const entries: FileInit[] = [];
  const byKind = new Map<FileKind, SavedFile[]>();
  const problems: { holders: readonly Holder[]; problem: Problem }[] = [];
  const add = (kind: FileKind, saved: SavedFile): void => {
    entries.push(saved.entry);
    const own = byKind.get(kind) ?? [];
    own.push(saved);
    byKind.set(kind, own);
  };
  const addName: DumpContext['addName'] = (file) => {
    const kind = recogniseHeld(file.seen, tree.options);
    if (isProblem(kind)) return kind;
    const named = { ...file, id: nextId() };
    const answer = dumpAs(kind, named, context);
    if (answer === null) throw new EngineError('INTERNAL', `${file.seen.link} is not taken by ${kind.name}`);
    if (isProblem(answer)) return answer;
    add(kind, { entry: answer.entry, file: file.seen, holder: file.seen });
    return named.id;
  };
  const addPlainName: DumpContext['addPlainName'] = ({ seen, owner }, name) => {
    const id = nextId();
    entries.push({ type: fileTypes.REG, id, reg: regularEntry(id, { ...seen, link: name }, owner) });
    return id;
  };
  const context: DumpContext = { session, tree, records, endsTree, idOf, hold, addName, addPlainName };
  const dumpOne = (description: Description, owner: FileOwner | undefined): void => {
    const answer = dumpFile(description, owner, context);
    if (isProblem(answer)) problems.push({ holders: description.holders, problem: answer });
    else add(answer.kind, { entry: answer.entry, file: description.seen, holder: description.seen });
  };
  for (const some of inPieces(all, filesAtOnce)) {
    session.checkAborted();
    const seen = some.map((it) => it.seen);
    const noOwners = readNoOwners(seen, pidfdOf);
    readAhead({ stats: seen.map(({ link }) => link).filter(hasPath) }, () => {
      for (const description of some) dumpOne(description, noOwners.get(description.seen));
    });
  }
  return { entries, byKind, add, records, problems };
}

/** An entry, and the kind that made it. */
interface Dumped {
  readonly kind: FileKind;
  readonly entry: SavedFile['entry'];
}

/** @param known its owner, if that has been read */
function dumpFile(
  { id, seen, holders }: Description,
  known: FileOwner | undefined,
  context: DumpContext,
): Dumped | Problem {
  const recognised = recognise(seen, context.tree);
  const { engine, byPlugins, refusal } = recognised;
  if (engine === null && byPlugins.length === 0) return refusal(whyNoPlugin(recognised));
  return context.tree.borrowLater(seen, (fd) => {
    const owner = known ?? ownerOf(fd(), seen, context);
    const file = {
      id,
      seen,
      // What is on its way through a socket the engine has at a descriptor of its own.
      holders: holders.filter(({ pid }) => pid !== process.pid),
      owner,
      get fd() {
        return fd();
      },
    };
    return dumpByOne(file, recognised, context);
  });
}

/** The engine first; what it cannot dump after all the plugins are asked for as well; then perhaps the engine again. */
function dumpByOne(file: OpenFile, recognised: Recognised, context: DumpContext): Dumped | Problem {
  const { engine, byPlugins, instead, refusal } = recognised;
  const own = engine === null ? null : dumpAs(engine, file, context);
  if (own !== null && !isProblem(own)) return own;
  for (const kind of byPlugins) {
    const answer = dumpAs(kind, file, context);
    if (answer !== null && !isProblem(answer)) return answer;
  }
  const last = instead === null ? null : dumpAs(instead, file, context);
  if (last !== null && !isProblem(last)) return last;
  return refusal(whyNoPlugin(recognised), own ?? last ?? undefined);
}

function dumpAs(kind: FileKind, file: OpenFile, context: DumpContext): Dumped | Problem | null {
  const answer = kind.dump(file, context);
  if (answer === null || isProblem(answer)) return answer;
  return { kind, entry: { ...answer, type: kind.type, id: file.id } };
}

/** An owner outside of the tree is left out: at restore its pid may be anybody's. */
function ownerOf(fd: number, seen: SeenFile, { session, tree }: DumpContext): FileOwner {
  const owner = readOwner(fd, seen);
  if (owner.pid === 0 || isOwnerInside(owner, tree.pids)) return owner;
  const where = `${seen.pid} (${seen.command}) descriptor ${seen.fd}`;
  session.warn(
    `${where}: its signals go to ${owner.pid}, outside of the dumped tree, and will not be sent after a restore`,
  );
  return { ...nobody, signum: owner.signum };
}
