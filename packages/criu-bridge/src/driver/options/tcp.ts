import type { NetworkLock, TcpDumpOptions, TcpRestoreOptions } from '@criujs/engine-kit';
import { CriuNetworkLockMethod, type CriuOptsSchema, type MessageInitShape } from '@criujs/images';

type Options = Pick<
  Exclude<MessageInitShape<typeof CriuOptsSchema>, { readonly $typeName: string }>,
  'tcpEstablished' | 'tcpClose' | 'tcpSkipInFlight' | 'networkLock'
>;

const locks: Readonly<Record<NetworkLock, CriuNetworkLockMethod>> = {
  iptables: CriuNetworkLockMethod.IPTABLES,
  nftables: CriuNetworkLockMethod.NFTABLES,
  skip: CriuNetworkLockMethod.SKIP,
};

/** CRIU's own options about TCP connections for a dump. */
export function tcpDumpOptions({ established, close, skipInFlight, lock }: TcpDumpOptions): Options {
  return {
    ...(established && { tcpEstablished: true }),
    ...(close && { tcpClose: true }),
    ...(skipInFlight && { tcpSkipInFlight: true }),
    ...(lock !== undefined && { networkLock: locks[lock] }),
  };
}

/** The same for a restore. */
export function tcpRestoreOptions({ established, close }: TcpRestoreOptions): Options {
  return { ...(established && { tcpEstablished: true }), ...(close && { tcpClose: true }) };
}
