import { arena, syscall, trySyscall } from '@criujs/linux';
import { deviceRequest, packetAddress, packetFamily } from '../../../facts/packet.ts';

/** The name of a network device in the network namespace of a socket; null: it has no such device. netdevice(7) */
export function deviceName(fd: number, index: number): string | null {
  return arena.scope(() => {
    const request = arena.alloc(deviceRequest.size);
    request.view.setInt32(deviceRequest.number, index, true);
    if (trySyscall('ioctl', fd, deviceRequest.name, request.address) < 0) return null;
    const name = request.bytes.subarray(0, deviceRequest.nameLength);
    return Buffer.from(name.subarray(0, name.indexOf(0))).toString();
  });
}

/** Its index; null: it has no such device. */
export function deviceIndex(fd: number, name: string): number | null {
  if (Buffer.byteLength(name) >= deviceRequest.nameLength) return null;
  return arena.scope(() => {
    const request = arena.alloc(deviceRequest.size);
    request.bytes.set(Buffer.from(name));
    if (trySyscall('ioctl', fd, deviceRequest.index, request.address) < 0) return null;
    return request.view.getInt32(deviceRequest.number, true);
  });
}

/** Where a packet socket listens. */
export interface PacketBinding {
  /** Index of its device; 0: all. */
  readonly device: number;
  /** An Ethernet type, in the order of the machine. */
  readonly protocol: number;
}

/** bind(2). @throws LinuxError */
export function bindPacket(fd: number, binding: PacketBinding): void {
  withAddress(binding, (address) => void syscall('bind', fd, address, packetAddress.size));
}

/** Sends a packet without waiting. @throws LinuxError */
export function sendFrame(fd: number, bytes: Uint8Array, to: PacketBinding): void {
  arena.scope(() => {
    const data = arena.alloc(bytes.length);
    data.bytes.set(bytes);
    withAddress(
      to,
      (address) => void syscall('sendto', fd, data.address, bytes.length, 0, address, packetAddress.size),
    );
  });
}

/** struct sockaddr_ll; its protocol is in the order of the network. */
function withAddress({ device, protocol }: PacketBinding, use: (address: number) => void): void {
  arena.scope(() => {
    const { view, address } = arena.alloc(packetAddress.size);
    view.setUint16(0, packetFamily, true);
    view.setUint16(packetAddress.protocol, protocol, false);
    view.setInt32(packetAddress.device, device, true);
    // Of an Ethernet address, here one of zeros.
    view.setUint8(packetAddress.addressLength, 6);
    use(address);
  });
}
