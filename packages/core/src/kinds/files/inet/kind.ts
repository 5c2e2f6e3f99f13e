import { inetType, tcpState } from '../../../facts/inet.ts';
import type { Description } from '../../description.ts';
import type { DumpContext, FilePayload, OpenFile, SaveContext, SavedFile } from '../dumping.ts';
import { fileTypes } from '../file-type.ts';
import type { Problem, Recognition, SeenFile, Tree } from '../held.ts';
import type { FileKind } from '../kind.ts';
import type { LoadContext, Opener } from '../opening.ts';
import { hasError } from '../pipe-content.ts';
import { isProblem } from '../problem.ts';
import { readFilter } from '../socket-filter.ts';
import { checkInet, inetEntry } from './entry.ts';
import { entryOf } from './entry-of.ts';
import type { InetEntry, InetInit } from './entry-options.ts';
import { checkPlaces } from './permitted.ts';
import { warnOfChoosers } from './reuseport.ts';
import { type InetSocket, inetSocketAt, inetSocketOf } from './seen.ts';
import { type InetSort, sortOf } from './sort.ts';
import { inetWords } from './words.ts';

/** Why a socket cannot be dumped. */
export type InetProblem = Omit<Problem, 'file'>;

/** A kind of internet socket: what differs from the others. Each is a kind of file of its own. */
export interface InetPart {
  /** Which sockets are its own: `sort.ts`. */
  readonly sort: InetSort;
  readonly name: string;
  readonly describe: readonly Description[];
  /** Why it cannot be dumped, beside what holds for all; null: it can. Looks only, at a descriptor that is lent. */
  judge?(socket: InetSocket, fd: number, tree: Tree): InetProblem | null;
  /** What its entry says beside what all have. */
  entry?(socket: InetSocket, file: OpenFile, context: DumpContext): Partial<InetInit> | Problem;
  save?(files: readonly SavedFile[], context: SaveContext): void;
  /** Holds an entry of its own to what can be, beside what holds for all. @throws EngineError IMAGE_INVALID */
  check?(own: InetEntry): void;
  /** The entries are checked; `make.ts` has what makes sockets again. */
  load(context: LoadContext): Opener;
}

/** The kind of file of a part. */
export function inetKind(part: InetPart): FileKind {
  const { sort, name, describe, save } = part;
  return {
    name,
    describe,
    type: fileTypes.INETSK,
    // Ports that are shared ask for the user who made them (SO_REUSEPORT).
    madeAnew: true,
    recognise: (file, tree) => recognise(part, file, tree),
    dump: (file, context) => dump(part, file, context),
    ...(save && { save }),
    matches: ({ type, isk }) =>
      type === fileTypes.INETSK &&
      isk !== undefined &&
      sortOf({ ...isk, protocol: isk.proto }, isk.dstPort !== 0) === sort,
    common: ({ isk }) => isk,
    load(context) {
      for (const entry of context.entries) {
        checkInet(entry);
        part.check?.(inetEntry(entry));
      }
      checkPlaces(context.entries.map(inetEntry));
      return part.load(context);
    },
  };
}

function recognise(part: InetPart, file: SeenFile, tree: Tree): Recognition {
  const socket = inetSocketAt(file, tree);
  if (socket === null || sortOf(socket, socket.there !== null) !== part.sort) return null;
  const why = tree.borrow(file, (fd) => judge(part, socket, fd, tree));
  return why === null ? 'mine' : { file: inetWords(socket), ...why };
}

/** The first reason counts; what holds for all comes first. */
function judge(part: InetPart, socket: InetSocket, fd: number, tree: Tree): InetProblem | null {
  if (socket.isElsewhere)
    return { why: 'it belongs to another network namespace', remedy: 'Let the program close it before the dump.' };
  if (readFilter(fd) === null)
    return {
      why: 'its filter is one of extended BPF, which nobody can read',
      remedy: 'Let the program take it off (SO_DETACH_FILTER) before the dump.',
    };
  if (!isConnection(socket) && hasError(fd))
    return {
      why: 'an error waits in it that the program has not been told yet, and asking for it takes it away',
      remedy: 'Dump it when the program has read it.',
      passes: true,
    };
  return part.judge?.(socket, fd, tree) ?? null;
}

function isConnection({ type, state }: InetSocket): boolean {
  return type === inetType.stream && state !== tcpState.listening;
}

function dump(part: InetPart, file: OpenFile, context: DumpContext): FilePayload | Problem {
  const socket = inetSocketOf(file.seen, context.tree);
  const { entry, record } = entryOf(socket, file, context.tree);
  const more = part.entry?.(socket, file, context) ?? {};
  if (isProblem(more)) return more;
  if (entry.opts?.soReuseport === true) warnOfChoosers(socket, context);
  if (record !== null) context.records.inetSockets.push(record);
  return { isk: { ...entry, ...more } };
}
