import { readFileSync } from 'node:fs';

/** The names that the running kernel has for its devices' numbers. */
export interface Drivers {
  /** Drivers of a major number. proc_devices(5) */
  named(kind: 'character' | 'block', major: number): readonly string[];
  /** The driver behind a minor number of the major for small drivers. */
  misc(minor: number): string | undefined;
}

/** The major number whose minors `/proc/misc` lists (MISC_MAJOR). */
export const miscMajor = 10;

const headings = { 'Character devices:': 'character', 'Block devices:': 'block' } as const;

/** Reads them when first asked. */
export function kernelDrivers(read: (path: string) => string = readOrNothing): Drivers {
  let known:
    | { readonly devices: ReturnType<typeof parseDevices>; readonly misc: ReadonlyMap<number, string> }
    | undefined;
  const lists = () => {
    known ??= { devices: parseDevices(read('/proc/devices')), misc: parseMisc(read('/proc/misc')) };
    return known;
  };
  return {
    named: (kind, major) =>
      lists()
        .devices.filter((it) => it.kind === kind && it.number === major)
        .map(({ name }) => name),
    misc: (minor) => lists().misc.get(minor),
  };
}

function parseDevices(
  text: string,
): { readonly kind: 'character' | 'block'; readonly number: number; readonly name: string }[] {
  let kind: 'character' | 'block' = 'character';
  return text.split('\n').flatMap((line) => {
    kind = headings[line as keyof typeof headings] ?? kind;
    const row = numberAndName(line);
    return row === null ? [] : [{ kind, ...row }];
  });
}

function parseMisc(text: string): ReadonlyMap<number, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const row = numberAndName(line);
      return row === null ? [] : [[row.number, row.name] as const];
    }),
  );
}

function numberAndName(line: string): { readonly number: number; readonly name: string } | null {
  const [, number, name] = /^\s*(\d+)\s+(\S+)\s*$/.exec(line) ?? [];
  return number === undefined || name === undefined ? null : { number: Number(number), name };
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
