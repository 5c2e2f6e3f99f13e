import { isLoadable, isPackageName, isPackageVersion, type PluginRecord } from '@criujs/plugin-host/facts';
import { EngineError } from '../errors/errors.ts';
import { type AttributesRecord, attributesShape, encodeAttribute } from './attributes.ts';
import { fileShapes, type RecordsOfFiles } from './files.ts';
import { absent, flag, integer, list, matching, nullable, object, oneOf, type Shape, text } from './json-shape.ts';
import { type MemoryRecord, recordedMemory } from './memory.ts';
import { type NetworkLockRecord, recordedLock } from './network-lock.ts';
import { parseJson } from './parse-json.ts';
import { type PipeRecord, recordedPipe } from './pipes.ts';
import { recordedSystemV, type SystemVRecords } from './system-v.ts';

/** Our own file in the image directory: what CRIU's images have no place for. CRIU ignores it. */
export const recordsName = 'criujs.json';

const recordsVersion = 1;

/** What CRIU's images do not say of a process. */
export interface TaskRecord {
  readonly pid: number;
  /** The signal that its parent gets when it ends; 0: none. clone(2). */
  readonly exitSignal: number;
}

/** All of `criujs.json`. */
export interface Records extends RecordsOfFiles {
  /** Processes of which there is anything to say. */
  readonly tasks: readonly TaskRecord[];
  /** Pipes of which there is anything to say. Absent: of none. */
  readonly pipes?: readonly PipeRecord[];
  /** System V objects of the tree; absent: none, as in the images of older releases. */
  readonly systemV?: SystemVRecords | undefined;
  /** Of processes whose memory has anything to say of. Absent: of none. */
  readonly memory?: readonly MemoryRecord[];
  /** How the network of TCP connections was held when the tree ended: packets are dropped until it is restored. Absent: it was not. */
  readonly networkLocks?: readonly NetworkLockRecord[];
  /** Ids of TCP connections of `files.img` that were reset, and whose program has not been told. Absent: none. */
  readonly failedConnections?: readonly number[];
  /** Threads of which there is anything to say; absent: none, as in the images of older releases. */
  readonly attributes?: readonly AttributesRecord[];
  /** All that were loaded, whether they took something or not. */
  readonly plugins: readonly PluginRecord[];
}

/** What CRIU's inventory lists: it restores without none of them. */
export function inventoryNames(plugins: readonly PluginRecord[]): string[] {
  return [...new Set(plugins.flatMap(({ required, inventoryName }) => (required ? (inventoryName ?? []) : [])))];
}

const u32: Shape<number> = integer(0, 0xffff_ffff);
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
  ...fileShapes,
  tasks: absent(list(object({ pid: integer(1, 2 ** 22), exitSignal: integer(0, 64) })), []),
  pipes: absent(list(recordedPipe), []),
  memory: absent(list(recordedMemory), []),
  systemV: absent<SystemVRecords | undefined>(recordedSystemV, undefined),
  networkLocks: absent(list(recordedLock), []),
  failedConnections: absent(list(u32), []),
  attributes: attributesShape,
  plugins: absent(list(recordedPlugin), []),
});

/** The bytes of `criujs.json`. Numbers that may pass 2^53 are written in quotes. */
export function encodeRecords({
  externals,
  sockets,
  takes = [],
  tasks,
  inodes,
  timers = [],
  pidfds = [],
  epollTargets = [],
  rings = [],
  unixSockets = [],
  terminals = [],
  netlinks = [],
  packets = [],
  inetSockets = [],
  inetQueues = [],
  memberships = [],
  pipes = [],
  memory = [],
  systemV,
  networkLocks = [],
  failedConnections = [],
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
    takes,
    tasks,
    inodes,
    timers,
    pidfds,
    epollTargets,
    rings,
    unixSockets,
    terminals,
    netlinks,
    packets,
    inetSockets,
    inetQueues,
    memberships,
    pipes,
    memory,
    systemV,
    networkLocks,
    failedConnections,
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
