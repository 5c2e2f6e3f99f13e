import { UsageError } from './usage-error.ts';

const steps = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number of bytes for people: `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(steps.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * step);
  return `${step === 0 ? value : value.toFixed(1)} ${steps[step]}`;
}

/** Reads a size as CRIU does: `1048576`, `1024K`, `1M`. @throws UsageError */
export function parseSize(option: string): (text: string) => number {
  return (text) => {
    const [, digits = '', unit = ''] = /^(\d+)([KMG]?)$/i.exec(text) ?? [];
    const size = Number(digits) * 1024 ** ' KMG'.indexOf(unit.toUpperCase() || ' ');
    if (digits !== '' && Number.isSafeInteger(size)) return size;
    throw new UsageError(`${option} ${text}: this is not a size`, `Write it as in \`${option} 8M\`.`);
  };
}

/** A time for people: `12 ms`, `3.4 s`. */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `0,1,2`, or `3-9` where more than three follow one another. */
export function numberRanges(numbers: readonly number[]): string {
  const runs: number[][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === number - 1) run.push(number);
    else runs.push([number]);
  }
  return runs.map((run) => (run.length > 3 ? `${run[0]}-${run.at(-1)}` : run.join(','))).join(',');
}

/** A count with its noun: `1 process`, `3 processes`. */
export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
