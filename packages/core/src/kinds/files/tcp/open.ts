import { EngineError } from '@criujs/engine-kit';
import { tcpStates } from '../../../facts/tcp.ts';
import { invalid, unsupported } from '../../rules.ts';
import { inetEntry } from '../inet/entry.ts';
import type { InetMaker, MadeInet } from '../inet/make.ts';
import type { FileEntry, LoadContext } from '../opening.ts';
import type { ImageReader } from '../side-images.ts';
import { connectedStates, type TcpConnection } from './connection.ts';
import { flowOf } from './flow.ts';
import { makeConnection } from './make.ts';
import { connectionOf, streamImage } from './stream-entry.ts';

/**
 * Refuses connections that the user has not asked for.
 * @returns whether they are to be made as closed ones: what was dumped as such has no more than its addresses
 * @throws EngineError UNSUPPORTED
 */
export function refuseUnasked({ entries, options, images }: LoadContext): boolean {
  const [inventory] = images.read('INVENTORY', 'inventory.img');
  if (options.tcpClose || (inventory?.message.tcpClose ?? false)) return true;
  if (options.tcpEstablished) return false;
  throw unsupported(
    `${entries.length === 1 ? 'a TCP connection' : `${entries.length} TCP connections`}, which the program had`,
    'Let the restore make them again: --tcp-established (option `tcpEstablished`), or as closed ones: --tcp-close (option `tcpClose`).',
  );
}

/** The connection of an entry. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
export function readStream(it: FileEntry, images: ImageReader): TcpConnection {
  const { ino, state } = inetEntry(it);
  if (!connectedStates.includes(state) && state !== tcpStates.CLOSE)
    throw unsupported(
      `connection ${it.id}, which was in state ${state}`,
      'Dump it again when it is connected, or restore with --tcp-close (option `tcpClose`).',
    );
  const file = streamImage(ino);
  const [first, second] = images.read('TCP_STREAM', file);
  if (first === undefined || second !== undefined) throw invalid(file, 'it has to hold one connection');
  return connectionOf(first.message, first.data ?? new Uint8Array(), state, file);
}

/** Makes a connection again, which stays in repair mode. @throws EngineError, LinuxError */
export function openConnection(socket: MadeInet, connection: TcpConnection | undefined, maker: InetMaker): void {
  const { fd, entry, named } = socket;
  if (connection === undefined) throw new EngineError('INTERNAL', `connection ${entry.id} was not read`);
  const { here, there } = named;
  if (there === null) throw invalid('files.img', `connection ${entry.id} leads nowhere`);
  const { here: from, there: to } = flowOf({ here, there });
  const [bind, connect] = [() => maker.bind(socket), () => maker.connect(socket)];
  makeConnection({ fd, bind, connect, here: from, there: to }, connection);
}
