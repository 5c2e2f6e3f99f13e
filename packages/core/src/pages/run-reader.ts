import type { PageRun, PageSource, PieceReader } from './source.ts';

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

/**
 * Reads parts of runs from a file in which they lie at their own addresses, in any order.
 *
 * @param open gives the file's descriptor, the same each time
 * @param part reads parts in order
 */
export function piecesOf(open: () => number, part: PieceReader['part']): PieceReader {
  return {
    part,
    calls(parts, address) {
      let done = 0;
      return parts.map(({ start, end }) => {
        const to = address + done;
        done += end - start;
        return { call: ['pread64', open(), to, end - start, start], expect: end - start };
      });
    },
  };
}
