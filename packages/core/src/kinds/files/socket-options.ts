import { statusFlags } from '@criujs/engine-kit/externals';
import type { MessageInitShape, SkOptsEntry, SkOptsEntrySchema } from '@criujs/images';
import { setFlags } from '@criujs/linux';
import { openFlag } from './flags.ts';
import { attachFilter, readFilter } from './socket-filter.ts';
import { readOption, readOptionBytes, socketOption, writeOptionBytes } from './sockets.ts';

/** The options that images keep of a unix socket. socket(7), unix(7). */
export function optionsEntry(fd: number): MessageInitShape<typeof SkOptsEntrySchema> {
  const send = readTimeout(fd, socketOption.SO_SNDTIMEO);
  const receive = readTimeout(fd, socketOption.SO_RCVTIMEO);
  return {
    soSndbuf: readOption(fd, socketOption.SO_SNDBUF) ?? 0,
    soRcvbuf: readOption(fd, socketOption.SO_RCVBUF) ?? 0,
    soSndTmoSec: send.seconds,
    soSndTmoUsec: send.microseconds,
    soRcvTmoSec: receive.seconds,
    soRcvTmoUsec: receive.microseconds,
    soPasscred: readOption(fd, socketOption.SO_PASSCRED) === 1,
    soPasssec: readOption(fd, socketOption.SO_PASSSEC) === 1,
    soFilter: readFilter(fd) ?? [],
  };
}

/** Sets what the program would notice on a socket that a plugin connected; buffer sizes are left to the plugin. */
export function restoreOptions(fd: number, options: SkOptsEntry): void {
  writeTimeout(fd, socketOption.SO_SNDTIMEO, options.soSndTmoSec, options.soSndTmoUsec);
  writeTimeout(fd, socketOption.SO_RCVTIMEO, options.soRcvTmoSec, options.soRcvTmoUsec);
  if (options.soPasscred) writeFlag(fd, socketOption.SO_PASSCRED);
  if (options.soPasssec) writeFlag(fd, socketOption.SO_PASSSEC);
  attachFilter(fd, options.soFilter);
}

/** Sets the sizes of both buffers; the kernel doubles what it is told. Larger ones than an ordinary user may have need CAP_NET_ADMIN. socket(7) */
function restoreSizes(fd: number, { soSndbuf, soRcvbuf }: Pick<SkOptsEntry, 'soSndbuf' | 'soRcvbuf'>): boolean {
  return setSize(fd, 'SO_SNDBUF', soSndbuf) && setSize(fd, 'SO_RCVBUF', soRcvbuf);
}

/**
 * Gives a socket of ours the sizes, options and flags that it had.
 * @param what the socket, for warnings
 */
export function furnishSocket(
  fd: number,
  { opts, flags }: { readonly opts: SkOptsEntry; readonly flags: number },
  what: string,
  warn: (message: string) => void,
): void {
  if (!restoreSizes(fd, opts)) warn(`${what}: its buffers cannot have the sizes that they had`);
  restoreOptions(fd, opts);
  setFlags(fd, flags & statusFlags & ~openFlag.O_ASYNC);
}

/** Lets at least this much wait to be sent. */
export function makeRoom(fd: number, bytes: number): void {
  if ((readOption(fd, socketOption.SO_SNDBUF) ?? 0) < bytes) setSize(fd, 'SO_SNDBUF', bytes);
}

function setSize(fd: number, name: 'SO_SNDBUF' | 'SO_RCVBUF', size: number): boolean {
  const option = socketOption[name];
  if (readOption(fd, option) === size) return true;
  const half = Buffer.alloc(4);
  half.writeInt32LE(size >> 1);
  return (
    writeOptionBytes(fd, socketOption[`${name}FORCE`], half) ||
    (writeOptionBytes(fd, option, half) && readOption(fd, option) === size)
  );
}

function readTimeout(fd: number, option: number): { seconds: bigint; microseconds: bigint } {
  const value = readOptionBytes(fd, option, 16);
  return { seconds: value?.readBigUInt64LE(0) ?? 0n, microseconds: value?.readBigUInt64LE(8) ?? 0n };
}

function writeTimeout(fd: number, option: number, seconds: bigint, microseconds: bigint): void {
  if (seconds === 0n && microseconds === 0n) return;
  const value = Buffer.alloc(16);
  value.writeBigUInt64LE(seconds, 0);
  value.writeBigUInt64LE(microseconds, 8);
  writeOptionBytes(fd, option, value);
}

function writeFlag(fd: number, option: number): void {
  writeOptionBytes(fd, option, Buffer.from([1, 0, 0, 0]));
}
