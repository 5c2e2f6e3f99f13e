import { isAbsolute, join } from 'node:path';
import { EngineError } from '@criujs/engine-kit';
import { nobodyRestores, putBackFlags, socketType, unrecordedSocket } from '@criujs/engine-kit/externals';
import { socketInode, type UnixSocketInfo } from '@criujs/plugin-sdk';
import type { FileEntry, LoadContext } from '../opening.ts';
import { askFirst, keepDescriptor } from '../plugin-descriptor.ts';
import { restoreOptions } from '../socket-options.ts';
import { removeStaleName } from '../stale-name.ts';
import { unixMark } from './peers.ts';

/** Has a plugin make a socket again. @throws EngineError what the plugin throws, PLUGIN_FAILED, HOOK_BAD_RESULT, IMAGE_INVALID */
export function openSocket(entry: FileEntry, context: LoadContext): number {
  const usk = uskOf(entry);
  const record = context.records?.sockets.find((it) => it.id === entry.id);
  const provider = record?.provider ?? null;
  const resource = `unix socket ${usk.ino} (file ${entry.id})`;
  const how = { resource, ...askFirst(provider) };
  const args = { inode: socketInode(usk.ino), socket: socketOf(entry, context) };
  const trouble = removeStaleName(pathOf(args.socket.name, usk.nameDir));
  if (trouble !== null) context.session.warn(`${resource}: ${trouble}`);
  const answer = context.session.hooks.call('RESTORE_UNIX_SK', args, how);
  if (!answer.claimed) throw nobodyRestores('RESTORE_UNIX_SK', resource, provider);
  const from = { plugin: answer.plugin, hook: 'RESTORE_UNIX_SK', resource };
  const fd = keepDescriptor(answer.result, from, context.session);
  if (usk.opts !== undefined) restoreOptions(fd, usk.opts);
  return fd;
}

/** The absolute path of a name. CRIU keeps the directory in which a relative name was bound; without it the path is unknown. */
function pathOf(name: string | null, directory: string): string | null {
  return name === null || isAbsolute(name) || name.startsWith('\0') ? name : join(directory, name);
}

/** Its status flags. */
export function putBack(entry: FileEntry, fd: number, context: LoadContext): void {
  const { flags } = socketOf(entry, context);
  for (const what of putBackFlags(fd, flags)) context.session.warn(`unix socket ${entry.id}: ${what}`);
}

/** The `usk` of an entry. @throws EngineError IMAGE_INVALID */
function uskOf(entry: FileEntry): NonNullable<FileEntry['usk']> {
  const { usk } = entry;
  if (usk === undefined)
    throw new EngineError('IMAGE_INVALID', `files.img: unix socket ${entry.id} says nothing of itself`);
  if (usk.uflags & unixMark.callback) return usk;
  throw new EngineError(
    'IMAGE_INVALID',
    `files.img: unix socket ${usk.ino} is outside of the tree, and a process has it`,
  );
}

/** The socket as it was recorded, or, in images of CRIU, what its entry tells. */
function socketOf(entry: FileEntry, { records }: LoadContext): UnixSocketInfo {
  const usk = uskOf(entry);
  const record = records?.sockets.find((it) => it.id === entry.id);
  if (record !== undefined) return record.socket;
  if (records !== null)
    throw new EngineError('IMAGE_INVALID', `criujs.json does not know the unix socket ${entry.id} of files.img`);
  return { ...unrecordedSocket, type: socketType(usk.type) ?? 'stream', name: nameText(usk.name), flags: usk.flags };
}

function nameText(name: Uint8Array): string | null {
  if (name.length === 0) return null;
  const text = Buffer.from(name).toString();
  return text.startsWith('\0') ? text : text.replace(/\0.*$/s, '');
}
