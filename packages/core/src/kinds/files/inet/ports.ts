import { inetProtocol, inetType } from '../../../facts/inet.ts';
import type { FileEntry } from '../opening.ts';
import { socketLevel, socketOption, writeOptionBytes } from '../sockets.ts';
import type { InetEntry } from './entry-options.ts';

/** How sockets of the images share ports. */
export interface SharedPorts {
  /** Lets a socket have its port beside those of the images that have it too, whatever they allow in the end. Before bind(2). */
  open(fd: number, own: InetEntry): void;
  /** Allows others what it allowed them at the dump. Once all have their ports. */
  settle(fd: number, own: InetEntry): void;
  /** Whether others of the images have its port too. */
  isShared(own: InetEntry): boolean;
}

type Sharing = 'SO_REUSEADDR' | 'SO_REUSEPORT';

/**
 * A port is shared by those only who all allow it when they get it; what they allow afterwards may be something else. So all of a port
 * allow it first. One who has his port alone does not: else he might get it beside a stranger.
 * @param all every entry of files.img
 */
export function sharedPorts(all: Iterable<FileEntry>): SharedPorts {
  const byPort = new Map<string, InetEntry[]>();
  for (const { isk } of all) {
    if (isk === undefined || isk.srcPort === 0 || isk.type === inetType.raw) continue;
    const own = byPort.get(portKey(isk)) ?? [];
    own.push(isk);
    byPort.set(portKey(isk), own);
  }

  /** One of a connection that is over may keep a TCP port busy for a minute, which SO_REUSEADDR overlooks, and nothing else. */
  function firstAllows(own: InetEntry, which: Sharing): boolean {
    if (which === 'SO_REUSEADDR' && own.type === inetType.stream && own.proto === inetProtocol.TCP) return true;
    const others = byPort.get(portKey(own)) ?? [own];
    if (others.length < 2) return allows(own, which);
    return which === 'SO_REUSEADDR' || others.some((it) => allows(it, which));
  }

  return {
    open(fd, own) {
      for (const which of ['SO_REUSEADDR', 'SO_REUSEPORT'] as const) allow(fd, which, firstAllows(own, which));
    },
    isShared: (own) => (byPort.get(portKey(own)) ?? []).length > 1,
    settle(fd, own) {
      for (const which of ['SO_REUSEADDR', 'SO_REUSEPORT'] as const) allow(fd, which, allows(own, which));
    },
  };
}

function portKey({ proto, srcPort }: InetEntry): string {
  return `${proto}:${srcPort}`;
}

function allows({ opts }: InetEntry, which: Sharing): boolean {
  return (which === 'SO_REUSEADDR' ? opts?.reuseaddr : opts?.soReuseport) ?? false;
}

function allow(fd: number, which: Sharing, on: boolean): void {
  writeOptionBytes(fd, socketOption[which], Buffer.from([on ? 1 : 0, 0, 0, 0]), socketLevel);
}
