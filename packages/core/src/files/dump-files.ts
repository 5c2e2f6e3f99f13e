import type { ExternalRecord, SocketRecord } from '@criujs/plugin-host/engine';
import type { Session } from '../run/session.ts';
import type { DumpContext, FileInit, FileOwner, Holder, Problem, SeenFile, Tree } from './kind.ts';
import { isProblem, recognise } from './kinds.ts';
import { isOwnerInside, nobody, readOwner } from './owner.ts';
import type { Description, GroupedFiles } from './same.ts';

/** What dumping all open files came to. */
export interface DumpedFiles {
  /** The entries of files.img so far. */
  readonly entries: FileInit[];
  readonly records: { readonly externals: readonly ExternalRecord[]; readonly sockets: readonly SocketRecord[] };
  /** Each with the descriptors of its file. */
  readonly problems: readonly { readonly holders: readonly Holder[]; readonly problem: Problem }[];
}

/** Has every open file dumped by its kind, each once, however many descriptors it has. */
export function dumpFiles({ all, idOf }: GroupedFiles, session: Session, tree: Tree): DumpedFiles {
  const records = { externals: [] as ExternalRecord[], sockets: [] as SocketRecord[] };
  const context: DumpContext = { session, tree, records, idOf };
  const entries: FileInit[] = [];
  const problems: { holders: readonly Holder[]; problem: Problem }[] = [];
  for (const description of all) {
    session.checkAborted();
    const answer = dumpFile(description, context);
    if (isProblem(answer)) problems.push({ holders: description.holders, problem: answer });
    else entries.push(answer);
  }
  return { entries, records, problems };
}

function dumpFile({ id, seen, holders }: Description, context: DumpContext): FileInit | Problem {
  const kind = recognise(seen, context.tree);
  if (isProblem(kind)) return kind;
  return context.tree.borrow(seen, (fd) => {
    const answer = kind.dump({ id, seen, holders, owner: ownerOf(fd, seen, context), fd }, context);
    return isProblem(answer) ? answer : { ...answer, type: kind.type, id };
  });
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
