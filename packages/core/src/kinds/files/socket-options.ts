import type { MessageInitShape, SkOptsEntry, SkOptsEntrySchema } from '@criujs/images';
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
  };
}

/** Sets what the program would notice on a socket that a plugin connected; buffer sizes are left to the plugin. */
export function restoreOptions(fd: number, options: SkOptsEntry): void {
  writeTimeout(fd, socketOption.SO_SNDTIMEO, options.soSndTmoSec, options.soSndTmoUsec);
  writeTimeout(fd, socketOption.SO_RCVTIMEO, options.soRcvTmoSec, options.soRcvTmoUsec);
  if (options.soPasscred) writeFlag(fd, socketOption.SO_PASSCRED);
  if (options.soPasssec) writeFlag(fd, socketOption.SO_PASSSEC);
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
