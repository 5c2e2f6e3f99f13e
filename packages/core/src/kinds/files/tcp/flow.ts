import type { Flow, FlowEnd } from '@criujs/linux';
import type { InetAddress } from '../inet/address.ts';

/** The first 12 bytes of an IPv4 address in an IPv6 socket. RFC 4291, 2.5.5.2 */
const mapped = Buffer.from('00000000000000000000ffff', 'hex');

/** One end of a connection, as its packets have it: those of an IPv6 socket may be IPv4. */
function endOf({ bytes, port }: Pick<InetAddress, 'bytes' | 'port'>): FlowEnd {
  const isMapped = bytes.length === 16 && mapped.equals(bytes.subarray(0, mapped.length));
  return { address: isMapped ? bytes.subarray(mapped.length) : bytes, port };
}

/** A connection, as its packets have it. */
export function flowOf({ here, there }: { readonly here: InetAddress; readonly there: InetAddress }): Flow {
  return { here: endOf(here), there: endOf(there) };
}
