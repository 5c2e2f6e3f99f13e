import { closeFd, LinuxError, syscall } from '@criujs/linux';
import { inetType } from '../../../facts/inet.ts';
import { openFlag } from '../flags.ts';
import { callWithAddress, type InetAddress, isAny } from './address.ts';

/** Whether an address is one of this machine: anybody may have it. */
export function isOwnAddress(address: InetAddress): boolean {
  if (isAny(address)) return true;
  const fd = syscall('socket', address.family, inetType.datagram | openFlag.O_CLOEXEC, 0);
  try {
    callWithAddress(fd, 'bind', { ...address, port: 0 });
    return true;
  } catch (error) {
    if (error instanceof LinuxError) return error.code !== 'EADDRNOTAVAIL';
    throw error;
  } finally {
    closeFd(fd);
  }
}
