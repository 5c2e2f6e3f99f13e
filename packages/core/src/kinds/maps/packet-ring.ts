import { EngineError } from '@criujs/engine-kit';
import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import { findPacket } from '../files/packets/recognise.ts';
import { bytesOfRing } from '../files/packets/ring.ts';
import { invalid } from '../rules.ts';
import { keptFlags } from './flags.ts';
import type { MapKind } from './kind.ts';
import { mapCall } from './map-call.ts';

/** The rings of a packet socket, which are mapped as a whole: what is in them comes back with the socket. packet(7) */
export const packetRingMap: MapKind = {
  name: 'the rings of a packet socket',
  describe: [],
  recognise(vma, file) {
    if (!vma.name.startsWith('socket:')) return null;
    const found = file();
    if ('why' in found) return found;
    const socket = findPacket(vma.inode);
    const length = socket === undefined ? 0 : bytesOfRing(socket.receiving) + bytesOfRing(socket.sending);
    if (vma.shared && vma.offset === 0 && vma.end - vma.start === length) return 'mine';
    return {
      why: 'it is not the whole of the rings of a packet socket, shared, which is all that can be mapped anew',
      remedy: 'Let the program map the rings once, and as a whole.',
    };
  },
  save(vma, { files, process: { pid } }) {
    const id = files.mappedDescriptor(pid, vma);
    if (id === undefined) throw new EngineError('INTERNAL', `${pid} has no descriptor of its socket ${vma.inode}`);
    return {
      fields: {
        ...{ pgoff: 0n, shmid: BigInt(id), flags: mapFlag.shared | keptFlags(vma) },
        status: vmaStatus.regular | vmaStatus.socket,
      },
      pages: 'none',
    };
  },
  matches: ({ status }) => (status & vmaStatus.socket) !== 0,
  check({ flags }, file) {
    if ((flags & mapFlag.shared) === 0) throw invalid(file, 'a map of a packet socket that is not shared');
  },
  make: (map, { source }) => mapCall(map, 0, source(map), 0),
};
