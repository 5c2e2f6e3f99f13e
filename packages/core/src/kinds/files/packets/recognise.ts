import { EngineError } from '@criujs/engine-kit';
import { LinuxError, type PacketSocket, packetSockets } from '@criujs/linux';
import { fanoutPrograms, fanoutWay, noDevice, packetFamily, packetType } from '../../../facts/packet.ts';
import type { Problem, Recognition, SeenFile, Tree } from '../held.ts';
import { judgeSocket } from '../judge-socket.ts';
import { readFilter } from '../socket-filter.ts';
import { readOption, socketOption } from '../sockets.ts';
import { deviceName } from './device.ts';

/** A membership may have been asked for again and again: each is asked for once more. */
const mostMemberships = 4096;

export function recognisePacket(file: SeenFile, tree: Tree): Recognition {
  return judgeSocket(file, tree, judge);
}

/** What the kernel tells of a packet socket; undefined: it is in another network namespace. @throws EngineError KERNEL */
export function findPacket(inode: number): PacketSocket | undefined {
  try {
    return packetSockets().find((it) => it.inode === inode);
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    throw new EngineError('KERNEL', `cannot tell which packet sockets there are: sock_diag(7) answers ${error.code}`, {
      remedy: 'Load the kernel module packet_diag (modprobe packet_diag).',
      cause: error,
    });
  }
}

/** A packet socket in words. */
export function packetWords({ inode, protocol }: Pick<PacketSocket, 'inode' | 'protocol'>): string {
  return `packet socket ${inode} (protocol 0x${protocol.toString(16).padStart(4, '0')})`;
}

function judge(fd: number, inode: number): Recognition {
  if (readOption(fd, socketOption.SO_DOMAIN) !== packetFamily) return null;
  const socket = findPacket(inode);
  if (socket === undefined)
    return {
      file: `packet socket ${inode}`,
      why: 'it is in another network namespace',
      remedy: 'Dump it from inside of its network namespace (`nsenter -n`).',
    };
  const trouble = troubleOf(fd, socket);
  if (trouble === null) return 'mine';
  return packetProblem(socket, trouble[0], trouble[1]);
}

/** @param what what the program may do before the dump */
export function packetProblem(socket: PacketSocket, why: string, what: string): Problem {
  return { file: packetWords(socket), why, remedy: `Let the program ${what} before the dump.` };
}

/** Why it cannot be dumped, and what the program may do. */
function troubleOf(fd: number, socket: PacketSocket): readonly [why: string, what: string] | null {
  const { type, device, memberships, fanout } = socket;
  if (type === packetType.obsolete) return ['it is of the obsolete type SOCK_PACKET', 'close it'];
  if (device === noDevice) return ['the device that it was bound to is gone', 'close it'];
  const devices = [device, ...memberships.map((it) => it.device)];
  if (devices.some((it) => it !== 0 && deviceName(fd, it) === null)) return ['a device of it is gone', 'close it'];
  if (memberships.reduce((sum, { count }) => sum + count, 0) > mostMemberships)
    return ['it has asked for the same packets too often', 'close it'];
  if (fanout !== null && fanoutPrograms.includes((fanout >>> fanoutWay.shift) & fanoutWay.mask))
    return ['a program that nobody can read spreads the packets of its group (PACKET_FANOUT_DATA)', 'close it'];
  if (readFilter(fd) === null) return ['its filter is one of extended BPF, which nobody can read', 'close it'];
  return null;
}
