import type { EngineOptions } from '@criujs/engine-kit';
import { tcpStates } from '../facts/tcp.ts';
import { families, tcpSockets } from './sockets.ts';

/** Whether somebody who has these sockets is about to have a connection that is in no image: it is being made, or waits to be accepted. */
export function isConnecting(
  own: ReadonlySet<number>,
  { skipInFlight }: Pick<EngineOptions<'dump'>, 'skipInFlight'>,
): boolean {
  return families.some((family) =>
    tcpSockets(family).some(
      ({ inode, state, receiveQueue }) =>
        own.has(inode) &&
        (state === tcpStates.SYN_SENT || (state === tcpStates.LISTEN && receiveQueue > 0 && !skipInFlight)),
    ),
  );
}
