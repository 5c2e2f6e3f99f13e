import type { FdTypes } from '@criujs/images';

/** CRIU's numbers of the kinds of files. Plain numbers: a plan reads no schema of images. */
export const fileTypes: { readonly [N in keyof typeof FdTypes]: (typeof FdTypes)[N] } = {
  UND: 0,
  REG: 1,
  PIPE: 2,
  FIFO: 3,
  INETSK: 4,
  UNIXSK: 5,
  EVENTFD: 6,
  EVENTPOLL: 7,
  INOTIFY: 8,
  SIGNALFD: 9,
  PACKETSK: 10,
  TTY: 11,
  FANOTIFY: 12,
  NETLINKSK: 13,
  NS: 14,
  TUNF: 15,
  EXT: 16,
  TIMERFD: 17,
  MEMFD: 18,
  BPFMAP: 19,
  PIDFD: 20,
  CTL_TTY: 65534,
  AUTOFS_PIPE: 65535,
};

const names: ReadonlyMap<number, string> = new Map(Object.entries(fileTypes).map(([name, type]) => [type, name]));

/** CRIU's name of a kind of file: `REG`, `PIPE` …; a number that it does not have is `kind N`. */
export function fdTypeName(type: FdTypes): string {
  return names.get(type) ?? `kind ${type}`;
}
