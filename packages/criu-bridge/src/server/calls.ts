import { unrecorded, unrecordedSocket } from '@criujs/engine-kit/externals';
import { AT_FDCWD, arena, closeFd, syscall } from '@criujs/linux';
import {
  fileId,
  type HookArgs,
  type HookName,
  type HookResult,
  hookTable,
  type MountSource,
  mountId,
  type OwnedDescriptor,
  type Provider,
  pid,
  type RecordedFile,
  retryLater,
  socketInode,
  type UnixSocketInfo,
  type VmaSource,
} from '@criujs/plugin-sdk';
import { type Message, replyFlags } from '@criujs/wire';
import { dumpedFile, mappedDevice } from './file.ts';
import { socketInfo } from './socket.ts';

/** A question of CRIU's, with the descriptor that it is about; -1: there is none. */
export interface Question {
  readonly message: Message<'HOOK'>;
  readonly fd: number;
}

/** What was recorded at the dump of what is restored now. */
export interface Memory {
  file(id: number): RecordedFile | undefined;
  socket(inode: number): { readonly socket: UnixSocketInfo; readonly provider: Provider } | undefined;
}

/** What goes back to CRIU. */
export interface Answer {
  readonly flags?: number;
  readonly offset?: bigint;
  /** Closed once it is sent. */
  readonly descriptor?: OwnedDescriptor;
}

/** How a hook of CRIU's becomes a call of the host, and the host's answer CRIU's. */
interface Caller<N extends HookName> {
  args(question: Question, memory: Memory): HookArgs<N>;
  /** Who dumped what is restored now. */
  provider?(question: Question, memory: Memory): Provider | null | undefined;
  answer(result: HookResult<N>): Answer;
}

const nothing = (): Answer => ({});
const aboutProcess = { args: ({ message }: Question) => ({ pid: pid(message.id) }), answer: nothing };

const descriptor = (result: unknown): Answer => ({ descriptor: result as OwnedDescriptor });

export const callers: { readonly [N in HookName]: Caller<N> } = {
  DUMP_UNIX_SK: {
    args: ({ message, fd }) => ({ fd, inode: socketInode(message.id), socket: socketInfo(fd) }),
    answer: nothing,
  },
  RESTORE_UNIX_SK: {
    args: ({ message: { id } }, memory) => ({
      inode: socketInode(id),
      socket: memory.socket(id)?.socket ?? unrecordedSocket,
    }),
    provider: ({ message }, memory) => memory.socket(message.id)?.provider,
    answer: descriptor,
  },
  DUMP_EXT_FILE: {
    args: ({ message, fd }) => ({ fd, id: fileId(message.id), file: dumpedFile(message) }),
    answer: nothing,
  },
  RESTORE_EXT_FILE: {
    args: ({ message: { id } }, memory) => ({ id: fileId(id), file: memory.file(id) ?? unrecorded }),
    provider: ({ message }, memory) => memory.file(message.id)?.provider,
    answer: (result) => (result === retryLater ? { flags: replyFlags.RETRY } : descriptor(result)),
  },
  DUMP_EXT_MOUNT: {
    args: ({ message }) => ({ id: mountId(message.id), mountpoint: inRoot(message.path) }),
    answer: nothing,
  },
  RESTORE_EXT_MOUNT: {
    args: ({ message: { id, path, root } }) => ({ id: mountId(id), mountpoint: inRoot(path), oldRoot: root }),
    answer: (result) => (result === undefined ? {} : { flags: replyFlags.MOUNT, descriptor: openTree(result) }),
  },
  DUMP_EXT_LINK: {
    args: ({ message }) => ({ index: message.id, type: message.kind, kind: message.path }),
    answer: nothing,
  },
  HANDLE_DEVICE_VMA: { args: ({ message, fd }) => ({ fd, stat: mappedDevice(message) }), answer: nothing },
  UPDATE_VMA_MAP: {
    args: ({ message: { path, address, offset } }) => ({ path, address, oldOffset: offset }),
    answer: (result) => (result === undefined ? {} : changed(result)),
  },
  RESUME_DEVICES_LATE: aboutProcess,
  PAUSE_DEVICES: aboutProcess,
  CHECKPOINT_DEVICES: aboutProcess,
  POST_FORKING: { args: () => ({}), answer: nothing },
  RESTORE_INIT: { args: () => ({}), answer: nothing },
  DUMP_DEVICES_LATE: aboutProcess,
};

const names = Object.keys(hookTable) as HookName[];
const byNumber: ReadonlyMap<number, HookName> = new Map(names.map((name) => [hookTable[name].number, name]));

/** A hook by CRIU's number. */
export function hookOf(number: number): HookName | undefined {
  return byNumber.get(number);
}

/**
 * A mount point as the program sees it: at a dump CRIU says `./data`, at a restore where it makes the mounts of a namespace before
 * it moves there, `/tmp/.criu.mntns.XXXXXX/12-0000000000/data` (as seen from 4.1.1).
 */
export function inRoot(path: string): string {
  return path.replace(/^(\.(?=\/)|\/tmp\/\.criu\.mntns\.[^/]+\/\d+-\d+(?=\/|$))/, '') || '/';
}

/** open_tree(2): a copy of the mount at a path that is attached nowhere, which the bridge attaches in the task's namespace. */
function openTree({ source }: MountSource): OwnedDescriptor {
  const OPEN_TREE_CLONE = 1;
  const OPEN_TREE_CLOEXEC = 0o2000000;
  const fd = arena.scope(() =>
    syscall('open_tree', AT_FDCWD, arena.cstring(source).address, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC),
  );
  return { fd, close: () => closeFd(fd) };
}

function changed({ offset, fd }: VmaSource): Answer {
  const own = { flags: replyFlags.CHANGED, offset: BigInt(offset) };
  // The host has made an object of it.
  return fd === undefined ? own : { ...own, descriptor: fd as OwnedDescriptor };
}
