import { fileType, typeOf } from '@criujs/engine-kit/externals';
import type { FileStat, Vma } from '@criujs/linux';
import type { MapPlan } from '../../engine/restore/layout.ts';
import { vmaStatus } from '../../facts/memory.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { HeldFile } from '../files/held.ts';
import { memfdPrefix, sharedMemoryName } from '../files/memfd-inode.ts';
import type { MapKind, MapPlace, MapProblem, MapRecognition } from './kind.ts';
import { mapCall } from './map-call.ts';
import { isFileMap, saveByPath } from './of-file.ts';
import { unsaved } from './unsaved.ts';

/** /dev/zero: a private map of it is plain memory. Documentation/admin-guide/devices.txt: 1, 5. */
const zero = 0x105n;

/** A map of something without a path: only from a plugin's descriptor can it be made again. */
export const descriptorMap: MapKind = {
  name: 'memory of an open file without a path',
  describe: [{ subject: 'through plugins', taken: ['memory maps of files that plugins take'] }],
  byPlugins: 'file',
  recognise: ({ name }) => (name.startsWith('anon_inode:') ? 'mine' : null),
  save: unsaved,
  // What a plugin took is an entry like that of any file.
  matches: () => false,
  make: mapFile,
};

/** A map of a device: a plugin takes it, or has the open device behind it. */
export const deviceMap: MapKind = {
  name: 'memory of a device',
  describe: [{ subject: 'through plugins', taken: ['maps of devices that are not open (`HANDLE_DEVICE_VMA`)'] }],
  byPlugins: 'device',
  hasPath: true,
  recognise(vma, file) {
    const found = file();
    return !('why' in found) && isDevice(found.stat, vma) ? 'mine' : null;
  },
  save: (vma, context) => saveByPath(vma, context, vmaStatus.extPlugin),
  matches: ({ status }) => (status & vmaStatus.extPlugin) !== 0,
  make: mapFile,
};

/** A map of a memfd: of its memory, or, private, of what was written instead. CRIU marks it; else it is like one of any file. */
export const memfdMap: MapKind = {
  name: 'memory of a memfd',
  describe: [],
  recognise: (vma, file) => (isMemfd(vma) ? recogniseFile(vma, file) : null),
  save: (vma, context) => saveByPath(vma, context, vmaStatus.memfd),
  // `engine/restore/memfds.ts` takes the mark away.
  matches: () => false,
  make: mapFile,
};

/** A map of a file: shared, it changes the file; private, what differs from it is dumped. */
export const fileMap: MapKind = {
  name: 'memory of a file',
  describe: [
    {
      subject: 'memory',
      taken: ['maps of files (also deleted ones, and POSIX shared memory)'],
    },
  ],
  hasPath: true,
  recognise: recogniseFile,
  save: saveByPath,
  matches: isFileMap,
  make: mapFile,
};

function isMemfd({ name, deleted, shared }: Vma): boolean {
  return deleted && (name.startsWith(memfdPrefix) || (name === sharedMemoryName && !shared));
}

function mapFile(map: MapPlan, { source }: MapPlace): TaskCall {
  return mapCall(map, 0, source(map), map.device?.offset ?? map.entry.pgoff);
}

function recogniseFile(vma: Vma, file: () => HeldFile | MapProblem): MapRecognition {
  const found = file();
  if ('why' in found) return found;
  const { stat } = found;
  if (typeOf(stat.mode) === fileType.character || Number(stat.ino) === vma.inode) return 'mine';
  return {
    why: 'another file has replaced the mapped one',
    remedy: 'Restart the program after an upgrade of its files.',
  };
}

function isDevice(stat: FileStat, { shared, deleted }: Vma): boolean {
  const type = typeOf(stat.mode);
  const is = type === fileType.character || type === fileType.block;
  return is && !deleted && !(stat.rdev === zero && !shared);
}
