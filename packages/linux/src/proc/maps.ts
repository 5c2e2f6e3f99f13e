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
  const parser = createSmapsParser();
  parser.add(Buffer.from(text).toString('latin1'));
  return parser.maps;
}

/** Parses smaps piece by piece: of a process with many maps it is long, and most of its lines are of no use. */
export interface SmapsParser {
  /** Takes whole lines, a character for each byte: most of it is thrown away, and decoded for nothing. */
  add(text: string): void;
  /** The maps so far. */
  readonly maps: Vma[];
}

export function createSmapsParser(): SmapsParser {
  const maps: Vma[] = [];
  // Most maps have the same flags as others.
  const known = new Map<string, ReadonlySet<string>>();
  const flagsIn = (row: string): ReadonlySet<string> => {
    const found = known.get(row) ?? new Set(words(row));
    known.set(row, found);
    return found;
  };
  const addToLast = (more: Pick<Vma, 'vmFlags' | 'protectionKey'>): void => {
    const last = maps.at(-1);
    if (last !== undefined) Object.assign(last, more);
  };
  return {
    maps,
    add(text) {
      for (let at = 0; at < text.length; ) {
        const newline = text.indexOf('\n', at);
        const end = newline < 0 ? text.length : newline;
        if (startsMap(text.charCodeAt(at))) maps.push(parseLine(decoded(text.slice(at, end))));
        else if (text.startsWith(flagsKey, at)) addToLast({ vmFlags: flagsIn(text.slice(at + flagsKey.length, end)) });
        else if (text.startsWith(protectionKey, at))
          addToLast({ protectionKey: Number(text.slice(at + protectionKey.length, end)) });
        at = end + 1;
      }
    },
  };
}

function decoded(row: string): string {
  return beyondAscii.test(row) ? Buffer.from(row, 'latin1').toString('utf8') : row;
}

const beyondAscii = /[\x80-\xff]/;

/** Lines of a map begin with a lower case hexadecimal address, all others with a capital letter. */
function startsMap(code: number): boolean {
  return (code >= digit.first && code <= digit.last) || (code >= letter.first && code <= letter.last);
}

/** The characters of hexadecimal numbers, `0` to `9` and `a` to `f`. */
const digit = { first: 0x30, last: 0x39 } as const;
const letter = { first: 0x61, last: 0x66 } as const;

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
