import type { NetworkLock } from '../engine-options/values.ts';
import { list, matching, object, oneOf, type Shape, text } from './json-shape.ts';

/** How packets of the connections of a dump are dropped until it is restored. */
export interface NetworkLockRecord {
  readonly method: NetworkLock;
  /** The id of the dump: with nf_tables, the table `CRIU-ID` of family inet drops them; rules of iptables have no name. */
  readonly id: string;
  /** The connections in words. */
  readonly connections: readonly string[];
}

export const recordedLock: Shape<NetworkLockRecord> = object({
  method: oneOf('nftables', 'iptables', 'skip'),
  id: matching(
    'the id of a dump',
    (value): value is string => typeof value === 'string' && /^[0-9a-f-]{1,36}$/.test(value),
  ),
  connections: list(text(200)),
});
