import type { SignalOwner } from '@criujs/plugin-sdk';

/** Who gets the signals of an open file, as images have it. */
export interface FileOwner {
  /** 0: nobody. */
  readonly pid: number;
  /** F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP: fcntl(2). */
  readonly pidType: number;
  /** 0: SIGIO. */
  readonly signum: number;
  readonly uid: number;
  readonly euid: number;
}

/** By `pidType`: F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP, fcntl(2). */
export const ownerTypes: readonly SignalOwner['type'][] = ['thread', 'process', 'group'];

/** The owner as plugins are told; null when nobody gets signals. */
export function signalOwner({ pid, signum, uid, euid, pidType }: FileOwner): SignalOwner | null {
  return pid === 0 ? null : { pid, signal: signum, uid, euid, type: ownerTypes[pidType] ?? 'process' };
}
