import type { ExternalRecord, SocketRecord } from '@criujs/engine-kit';
import type {
  DumpContext,
  FileInit,
  FileKind,
  FileOwner,
  Holder,
  OpenFile,
  Problem,
  SavedFile,
  SeenFile,
} from '../kinds/files/kind.ts';
import { isOwnerInside, nobody, readOwner } from '../kinds/files/owner.ts';
import { isProblem, type Recognised, recognise, whyNoPlugin } from '../kinds/files/table.ts';
import type { Description, GroupedFiles } from './same.ts';

/** What dumping all open files came to. */
export interface DumpedFiles {
  /** The entries of files.img so far. */
  readonly entries: readonly FileInit[];
  /** The same by kind. */
  readonly byKind: ReadonlyMap<FileKind, readonly SavedFile[]>;
  /** Adds one without a descriptor. */
  add(kind: FileKind, saved: SavedFile): void;
  readonly records: { readonly externals: readonly ExternalRecord[]; readonly sockets: readonly SocketRecord[] };
  /** Each with the descriptors of its file. */
  readonly problems: readonly { readonly holders: readonly Holder[]; readonly problem: Problem }[];
}

/** Dumps every open file by its kind, once, however many descriptors it has. */
export function dumpFiles(
  { all, idOf }: GroupedFiles,
  { session, tree, hold }: Pick<DumpContext, 'session' | 'tree' | 'hold'>,
): DumpedFiles {
  const records = { externals: [] as ExternalRecord[], sockets: [] as SocketRecord[] };
  const context: DumpContext = { session, tree, records, idOf, hold };
  const entries: FileInit[] = [];
  const byKind = new Map<FileKind, SavedFile[]>();
  const problems: { holders: readonly Holder[]; problem: Problem }[] = [];
  const add = (kind: FileKind, saved: SavedFile): void => {
    entries.push(saved.entry);
    const own = byKind.get(kind) ?? [];
    own.push(saved);
    byKind.set(kind, own);
  };
  for (const description of all) {
    session.checkAborted();
    const answer = dumpFile(description, context);
    if (isProblem(answer)) {
      problems.push({ holders: description.holders, problem: answer });
      continue;
    }
    add(answer.kind, { entry: answer.entry, file: description.seen, holder: description.seen });
  }
  return { entries, byKind, add, records, problems };
}

/** An entry, and the kind that made it. */
interface Dumped {
  readonly kind: FileKind;
  readonly entry: SavedFile['entry'];
}

function dumpFile({ id, seen, holders }: Description, context: DumpContext): Dumped | Problem {
  const recognised = recognise(seen, context.tree);
  const { engine, byPlugins, refusal } = recognised;
  if (engine === null && byPlugins.length === 0) return refusal(whyNoPlugin(recognised));
  return context.tree.borrow(seen, (fd) =>
    dumpByOne({ id, seen, holders, owner: ownerOf(fd, seen, context), fd }, recognised, context),
  );
}

/** The engine first; what it cannot dump after all the plugins are asked for as well. */
function dumpByOne(file: OpenFile, recognised: Recognised, context: DumpContext): Dumped | Problem {
  const { engine, byPlugins, refusal } = recognised;
  const dumpAs = (kind: FileKind): Dumped | Problem | null => {
    const answer = kind.dump(file, context);
    if (answer === null || isProblem(answer)) return answer;
    return { kind, entry: { ...answer, type: kind.type, id: file.id } };
  };
  const own = engine === null ? null : dumpAs(engine);
  if (own !== null && !isProblem(own)) return own;
  for (const kind of byPlugins) {
    const answer = dumpAs(kind);
    if (answer !== null && !isProblem(answer)) return answer;
  }
  return refusal(whyNoPlugin(recognised), own ?? undefined);
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
