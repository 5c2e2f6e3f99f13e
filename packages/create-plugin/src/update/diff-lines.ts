/** A line of a difference: what goes, what comes, what stays around it, or a gap between two places. */
export type DiffLine = `-${string}` | `+${string}` | ` ${string}` | '…';

const context = 2;
/** Beyond this many pairs of lines the shortest difference is not looked for. */
const mostPairs = 4_000_000;

/** The lines in which two texts differ, with two lines around each place. */
export function diffLines(before: string | null, after: string | null): DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  const start = a.findIndex((line, at) => line !== b[at]);
  const head = start === -1 ? Math.min(a.length, b.length) : start;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const keep = (line: string): DiffLine => ` ${line}`;
  return trim([
    ...a.slice(0, head).map(keep),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(keep),
  ]);
}

function linesOf(text: string | null): string[] {
  if (text === null || text === '') return [];
  return text.replace(/\n$/, '').split('\n');
}

/** By the longest common subsequence; texts of a project are short. */
function middle(a: readonly string[], b: readonly string[]): DiffLine[] {
  const removed = a.map((line): DiffLine => `-${line}`);
  const added = b.map((line): DiffLine => `+${line}`);
  if (a.length * b.length > mostPairs) return [...removed, ...added];
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const common = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? common(i + 1, j + 1) + 1 : Math.max(common(i + 1, j), common(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push(` ${a[i]}`);
      i++;
      j++;
    } else if (common(i + 1, j) >= common(i, j + 1)) lines.push(`-${a[i++]}`);
    else lines.push(`+${b[j++]}`);
  }
  return [...lines, ...removed.slice(i), ...added.slice(j)];
}

/** Leaves of what stays only the lines near to a change. */
function trim(lines: readonly DiffLine[]): DiffLine[] {
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - context), at + context + 1).some(isChange));
  return lines.flatMap((line, at): DiffLine[] => {
    if (near[at]) return [line];
    const between = near[at - 1] === true && near.indexOf(true, at) !== -1;
    return between ? ['…'] : [];
  });
}

function isChange(line: DiffLine): boolean {
  return line.startsWith('-') || line.startsWith('+');
}
