import type { PageRun, PageSource } from './source.ts';

/**
 * Reads runs in order, across their borders.
 *
 * @param copy copies from a place in a run into the engine's memory; gives how many bytes, 0 where there are none any more
 * @param gone the error then
 */
export function readRuns(
  runs: readonly PageRun[],
  copy: (from: number, address: number, length: number, run: PageRun) => number,
  gone: (from: number) => Error,
): PageSource['read'] {
  let at = 0;
  let from = runs[0]?.start ?? 0;
  return (address, length) => {
    let fill = 0;
    for (let run = runs[at]; run !== undefined && fill < length; ) {
      const got = copy(from, address + fill, Math.min(run.end - from, length - fill), run);
      if (got <= 0) throw gone(from);
      fill += got;
      from += got;
      if (from < run.end) continue;
      run = runs[++at];
      from = run?.start ?? 0;
    }
    return fill;
  };
}
