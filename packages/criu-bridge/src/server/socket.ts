import { socketType } from '@criujs/engine-kit/externals';
import { arena, getFlags, peerName, socketName, trySyscall } from '@criujs/linux';
import type { UnixSocketInfo } from '@criujs/plugin-sdk';

/** socket(7), unix(7). */
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;

/** What a descriptor shows of its unix socket. Its holders are unknown until the images exist. */
export function socketInfo(fd: number): UnixSocketInfo {
  return {
    type: socketType(readOption(fd, SO_TYPE)) ?? 'stream',
    name: socketName(fd),
    peerName: peerName(fd),
    state: stateOf(fd),
    flags: getFlags(fd),
    holders: [],
  };
}

function stateOf(fd: number): UnixSocketInfo['state'] {
  if (readOption(fd, SO_ACCEPTCONN) === 1) return 'listening';
  return isConnected(fd) ? 'connected' : 'unconnected';
}

/** A peer without a name has an address of no more than its family. */
function isConnected(fd: number): boolean {
  return arena.scope(() => {
    const address = arena.alloc(128);
    const length = arena.alloc(4);
    length.view.setUint32(0, address.length, true);
    return trySyscall('getpeername', fd, address.address, length.address) === 0;
  });
}

function readOption(fd: number, option: number): number {
  return arena.scope(() => {
    const value = arena.alloc(4);
    const length = arena.alloc(4);
    length.view.setUint32(0, value.length, true);
    const result = trySyscall('getsockopt', fd, SOL_SOCKET, option, value.address, length.address);
    return result < 0 ? 0 : value.view.getInt32(0, true);
  });
}
