import type { InetFamily } from './inet-diag.ts';

/** A raw socket as /proc/net/raw and raw6 show it: where it leads, if anywhere. proc_pid_net(5) */
export interface RawSocket {
  readonly inode: number;
  /** TCP_*: 1 connected, 7 not. */
  readonly state: number;
  /** 4 bytes or 16, in the order of the network. */
  readonly destination: Uint8Array;
  readonly destinationPort: number;
}

/** Columns of a line, and the length of an address there. */
const column = { destination: 2, state: 3, inode: 9 } as const;
const digits: Readonly<Record<InetFamily, number>> = { 2: 8, 10: 32 };

/** Reads the list of a network namespace; what is no line of a socket is left out. */
export function parseRawSockets(text: string, family: InetFamily): RawSocket[] {
  return text.split('\n').flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    const [address, port] = (columns[column.destination] ?? '').split(':');
    const inode = Number(columns[column.inode]);
    if (address?.length !== digits[family] || port === undefined || !Number.isInteger(inode)) return [];
    return [
      {
        inode,
        state: Number.parseInt(columns[column.state] ?? '', 16),
        destination: networkOrder(Buffer.from(address, 'hex')),
        destinationPort: Number.parseInt(port, 16),
      },
    ];
  });
}

/** Each four bytes are shown as a number of this machine. */
function networkOrder(bytes: Buffer): Uint8Array {
  return Uint8Array.from(bytes.swap32());
}
