import { words } from './text.ts';

/** No limit (RLIM_INFINITY). */
export const unlimited: bigint = 2n ** 64n - 1n;

/** A resource limit. */
export interface Limit {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Parses /proc/PID/limits, whose lines come in the order of RLIMIT_*. */
export function parseLimits(text: string): Limit[] {
  const nameWidth = 26;
  return text
    .split('\n')
    .filter((line) => line.startsWith('Max '))
    .map((line) => {
      const [soft = '', hard = ''] = words(line.slice(nameWidth));
      return { soft: limit(soft), hard: limit(hard) };
    });
}

function limit(word: string): bigint {
  return word === 'unlimited' ? unlimited : BigInt(word);
}

/** Parses /proc/PID/auxv into its words: type, value, type, value … with the closing AT_NULL pair, getauxval(3). */
export function parseAuxv(bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.byteLength / 8) }, (_, index) => view.getBigUint64(index * 8, true));
}

/** Parses /proc/PID/task/TID/children into pids. */
export function parseChildren(text: string): number[] {
  return words(text).map(Number);
}
