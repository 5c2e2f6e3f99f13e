import { withNewlines, words } from './text.ts';

/** One memory map (the kernel's vma) of /proc/PID/maps or smaps. Addresses are exact, those of [vsyscall] too. */
export interface Vma {
  readonly start: number;
  readonly end: number;
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  readonly shared: boolean;
  /** Where in the file it begins, bytes. */
  readonly offset: number;
  readonly major: number;
  readonly minor: number;
  readonly inode: number;
  /** A path without the kernel's ` (deleted)`, something like `[heap]`, or nothing. */
  readonly name: string;
  /** The name ended in ` (deleted)`. A file may bear that in its own name: compare device and inode to be sure. */
  readonly deleted: boolean;
  /** Two-letter flags of the VmFlags line; only from smaps. */
  readonly vmFlags?: ReadonlySet<string>;
  /** Its protection key, pkeys(7); only from smaps, and on processors that have them. */
  readonly protectionKey?: number;
}

const line = /^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])([x-])([ps]) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+)(?: +(.*))?$/s;
const deletedSuffix = ' (deleted)';
const flagsKey = 'VmFlags:';
const protectionKey = 'ProtectionKey:';

/** Parses /proc/PID/maps, proc_pid_maps(5). */
export function parseMaps(text: string): Vma[] {
  return text.split('\n').filter(Boolean).map(parseLine);
}

/** Parses /proc/PID/smaps: the same maps, with the flags of each. */
export function parseSmaps(text: string): Vma[] {
  const found: Vma[] = [];
  for (const row of text.split('\n')) {
    if (startsMap(row)) {
      found.push(parseLine(row));
    } else if (row.startsWith(flagsKey)) {
      addTo(found, { vmFlags: new Set(words(row.slice(flagsKey.length))) });
    } else if (row.startsWith(protectionKey)) {
      addTo(found, { protectionKey: Number(row.slice(protectionKey.length)) });
    }
  }
  return found;
}

function addTo(found: Vma[], more: Pick<Vma, 'vmFlags' | 'protectionKey'>): void {
  const vma = found.pop();
  if (vma !== undefined) found.push({ ...vma, ...more });
}

/** Lines of a map begin with a lower case hexadecimal address, all others with a capital letter. */
function startsMap(row: string): boolean {
  const first = row.charAt(0);
  return (first >= '0' && first <= '9') || (first >= 'a' && first <= 'f');
}

function parseLine(row: string): Vma {
  const match = line.exec(row);
  if (match === null) throw new RangeError(`not a line of /proc/PID/maps: ${JSON.stringify(row)}`);
  const [, start, end, read, write, execute, shared, offset, major, minor, inode, name = ''] = match;
  const deleted = name.endsWith(deletedSuffix);
  return {
    start: Number(`0x${start}`),
    end: Number(`0x${end}`),
    read: read === 'r',
    write: write === 'w',
    execute: execute === 'x',
    shared: shared === 's',
    offset: Number(`0x${offset}`),
    major: Number(`0x${major}`),
    minor: Number(`0x${minor}`),
    inode: Number(inode),
    name: withNewlines(deleted ? name.slice(0, -deletedSuffix.length) : name),
    deleted,
  };
}
