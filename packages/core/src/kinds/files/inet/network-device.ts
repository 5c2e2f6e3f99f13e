import { arena, trySyscall } from '@criujs/linux';
import { deviceCall } from '../../../facts/inet.ts';

/** The name of a network device by its index, where a socket is; null: there is none. netdevice(7) */
export function deviceName(fd: number, index: number): string | null {
  return arena.scope(() => {
    const request = arena.alloc(deviceCall.size);
    request.view.setInt32(deviceCall.indexAt, index, true);
    if (trySyscall('ioctl', fd, deviceCall.name, request.address) < 0) return null;
    const name = Buffer.from(request.bytes.subarray(0, deviceCall.nameLength)).toString('latin1');
    return name.replace(/\0.*$/s, '');
  });
}

/** The index of a network device by its name; null: there is none. */
export function deviceIndex(fd: number, name: string): number | null {
  return arena.scope(() => {
    const request = arena.alloc(deviceCall.size);
    request.bytes.set(Buffer.from(name, 'latin1').subarray(0, deviceCall.nameLength - 1));
    if (trySyscall('ioctl', fd, deviceCall.index, request.address) < 0) return null;
    return request.view.getInt32(deviceCall.indexAt, true);
  });
}
