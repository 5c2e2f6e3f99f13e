import { EngineError, type NetworkLock } from '@criujs/engine-kit';

/** What packets are dropped with. */
export type DropMethod = Exclude<NetworkLock, 'skip'>;

/**
 * Drops packets as the user wants it. Without a wish it is nf_tables or, where the kernel has none, iptables.
 * @returns how it was done
 * @throws EngineError what the wanted one throws; without a wish, what nf_tables answers where neither can be used
 */
export function dropBy(method: DropMethod | undefined, ways: { readonly [M in DropMethod]: () => void }): DropMethod {
  if (method !== undefined) {
    ways[method]();
    return method;
  }
  try {
    ways.nftables();
    return 'nftables';
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'UNSUPPORTED') throw error;
    try {
      ways.iptables();
    } catch {
      throw error;
    }
    return 'iptables';
  }
}
