import { isLoadable, isPackageName, isPackageVersion, type PluginRecord } from '@criujs/plugin-host/facts';
import { type Provider, pid, type RecordedFile, type UnixSocketInfo } from '@criujs/plugin-sdk';
import { EngineError } from '../errors/errors.ts';
import { type AttributesRecord, attributesShape, encodeAttribute } from './attributes.ts';
import {
  absent,
  digits,
  flag,
  integer,
  list,
  map,
  matching,
  nullable,
  object,
  oneOf,
  type Shape,
  text,
} from './json-shape.ts';
import { type MemoryRecord, recordedMemory } from './memory.ts';
import { parseJson } from './parse-json.ts';

/** Our own file in the image directory: what CRIU's images have no place for. CRIU ignores it. */
export const recordsName = 'criujs.json';

const recordsVersion = 1;

/** An external file of `files.img`, as it was, and who dumped it. */
export interface ExternalRecord {
  /** The id in `files.img`. */
  readonly id: number;
  readonly file: RecordedFile;
}

/** An external unix socket of `files.img`, as it was, and who dumped it. */
export interface SocketRecord {
  readonly id: number;
  readonly inode: number;
  readonly provider: Provider;
  readonly socket: UnixSocketInfo;
}

/** What CRIU's images do not say of a process. */
export interface TaskRecord {
  readonly pid: number;
  /** The signal that its parent gets when it ends; 0: none. clone(2). */
  readonly exitSignal: number;
}

/** Owner and mode of a file of `files.img` that a restore makes anew, such as a pipe. inode(7) */
export interface InodeRecord {
  readonly id: number;
  readonly uid: number;
  readonly gid: number;
  /** Permissions, without the type of file. */
  readonly mode: number;
}

/** All of `criujs.json`. */
export interface Records {
  readonly externals: readonly ExternalRecord[];
  readonly sockets: readonly SocketRecord[];
  /** Processes of which there is anything to say. */
  readonly tasks: readonly TaskRecord[];
  /** Files that are made anew; those that images of older releases have are made as whoever restores. */
  readonly inodes: readonly InodeRecord[];
  /** Of processes whose memory has anything to say of. Absent: of none. */
  readonly memory?: readonly MemoryRecord[];
  /** Threads of which there is anything to say; absent: none, as in the images of older releases. */
  readonly attributes?: readonly AttributesRecord[];
  /** All that were loaded, whether they took something or not. */
  readonly plugins: readonly PluginRecord[];
}

/** What CRIU's inventory lists: it restores without none of them. */
export function inventoryNames(plugins: readonly PluginRecord[]): string[] {
  return [...new Set(plugins.flatMap(({ required, inventoryName }) => (required ? (inventoryName ?? []) : [])))];
}

/** A number where that is exact: as plugins are told inodes and positions. */
export function exact(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

const u32: Shape<number> = integer(0, 0xffff_ffff);
const path: Shape<string> = text(2 ** 16);
const provider: Shape<Provider> = object({ name: text(200), version: nullable(text(200)) });
const holders: Shape<RecordedFile['holders']> = list(
  object({ pid: map(integer(1, 2 ** 22), pid), fd: integer(0, 2 ** 20) }),
);
const exactNumber: Shape<number | bigint> = map(digits, exact);

const recordedFile: Shape<RecordedFile> = object({
  path: nullable(path),
  kind: oneOf('regular', 'directory', 'character', 'block', 'fifo', 'socket', 'anonymous', 'unknown'),
  rdev: nullable(object({ major: u32, minor: u32 })),
  inode: exactNumber,
  flags: u32,
  position: exactNumber,
  owner: nullable(
    object({ pid: u32, signal: integer(0, 64), uid: u32, euid: u32, type: oneOf('thread', 'process', 'group') }),
  ),
  holders,
  provider: nullable(provider),
});

const recordedSocket: Shape<UnixSocketInfo> = object({
  type: oneOf('stream', 'dgram', 'seqpacket'),
  name: nullable(path),
  peerName: nullable(path),
  state: oneOf('connected', 'listening', 'unconnected'),
  flags: u32,
  holders,
});

const recordedPlugin: Shape<PluginRecord> = object({
  name: text(200),
  version: nullable(text(200)),
  apiVersion: u32,
  imageVersion: absent(integer(1, Number.MAX_SAFE_INTEGER), 1),
  inventoryName: absent(nullable(text(255)), null),
  required: absent(flag, false),
  package: absent(nullable(matching('the name of an npm package', isPackageName)), null),
  packageVersion: absent(nullable(matching('the version of an npm package', isPackageVersion)), null),
  load: absent(nullable(matching('the name of a package or file', isLoadable)), null),
});

const recordsShape: Shape<Records> = object({
  externals: list(object({ id: u32, file: recordedFile })),
  sockets: list(object({ id: u32, inode: u32, provider, socket: recordedSocket })),
  tasks: absent(list(object({ pid: integer(1, 2 ** 22), exitSignal: integer(0, 64) })), []),
  inodes: absent(list(object({ id: u32, uid: u32, gid: u32, mode: integer(0, 0o7777) })), []),
  memory: absent(list(recordedMemory), []),
  attributes: attributesShape,
  plugins: absent(list(recordedPlugin), []),
});

/** The bytes of `criujs.json`. Numbers that may pass 2^53 are written in quotes. */
export function encodeRecords({
  externals,
  sockets,
  tasks,
  inodes,
  memory = [],
  attributes,
  plugins,
}: Records): Uint8Array {
  const files = externals.map(({ id, file }) => {
    return { id, file: { ...file, inode: file.inode.toString(), position: file.position.toString() } };
  });
  const document = {
    format: 'criujs',
    version: recordsVersion,
    externals: files,
    sockets,
    tasks,
    inodes,
    memory,
    attributes,
    plugins,
  };
  return new TextEncoder().encode(`${JSON.stringify(document, encodeAttribute, 2)}\n`);
}

/** Reads and checks `criujs.json`: nothing in it is trusted. @throws EngineError IMAGE_INVALID, IMAGES_VERSION */
export function decodeRecords(bytes: Uint8Array): Records {
  const document = parse(bytes);
  const { format, version } = object({ format: oneOf('criujs'), version: u32 })(document, recordsName);
  if (version !== recordsVersion) {
    throw new EngineError(
      'IMAGES_VERSION',
      `${recordsName} has version ${version}; this engine reads version ${recordsVersion}`,
      {
        remedy: `Restore with the release of ${format} that dumped.`,
      },
    );
  }
  const records = recordsShape(document, recordsName);
  refuseTwice([...records.externals, ...records.sockets]);
  return records;
}

/** Far more than a tree of a million descriptors needs, far less than what hurts. */
const limits = { depth: 32, values: 4 * 1024 * 1024 } as const;

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, limits);
  } catch (error) {
    throw notJson(error);
  }
}

function notJson(cause: unknown): EngineError {
  const remedy = 'Take the images from an undamaged copy, or dump again.';
  const why = cause instanceof RangeError ? `is refused: ${cause.message}` : 'is not JSON';
  return new EngineError('IMAGE_INVALID', `${recordsName} ${why}`, { resource: recordsName, remedy, cause });
}

function refuseTwice(records: readonly { readonly id: number }[]): void {
  const seen = new Set<number>();
  for (const { id } of records) {
    if (seen.has(id))
      throw new EngineError('IMAGE_INVALID', `${recordsName} has file ${id} twice`, { resource: recordsName });
    seen.add(id);
  }
}
