import type { SaveContext, SavedFile } from '../dumping.ts';
import type { TcpConnection } from './connection.ts';
import { streamEntry, streamImage } from './stream-entry.ts';

/** What was read of the connections that a dump takes, by the ids of their files, until it is written. */
const kept = new WeakMap<object, Map<number, TcpConnection>>();

/** Keeps what was read of a connection. @param dump what stands for the dump */
export function remember(dump: object, id: number, connection: TcpConnection): void {
  const own = kept.get(dump) ?? new Map<number, TcpConnection>();
  kept.set(dump, own);
  own.set(id, connection);
}

/** Writes the image of each connection that was read. */
export function saveStreams(files: readonly SavedFile[], { images, records }: SaveContext): void {
  for (const { entry } of files) {
    const connection = kept.get(records)?.get(entry.id);
    const inode = entry.isk?.ino;
    if (connection !== undefined && inode !== undefined)
      images.write('TCP_STREAM', streamImage(inode), [streamEntry(connection)]);
  }
}
