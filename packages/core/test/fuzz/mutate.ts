import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { decodeImage, encodeImage, type ImageKind, type ImageRecordInit, kindOfFile } from '@criujs/images';
import type { Chance } from '../harness/chance.ts';
import { changeField } from './fields.ts';

/** Damages the images in a folder; tells what it did. `others` are folders of other dumps. */
type Mutation = (
  place: { readonly images: string; readonly name: string; readonly others: readonly string[] },
  next: Chance,
) => string;

/** Each with how often it is chosen. */
const mutations: readonly (readonly [often: number, mutate: Mutation])[] = [
  [60, onEntries((records, kind, next) => changeField(kind, next.pick(records).message as object, next))],
  [4, onEntries((records, _kind, next) => `entry doubled: ${records.push(next.pick(records))}`)],
  [4, onEntries((records, _kind, next) => `entry removed: ${records.splice(next.below(records.length), 1).length}`)],
  [3, onEntries((records) => `entries turned round: ${records.reverse().length}`)],
  [4, onBytes((bytes, next) => bytes.subarray(0, next.below(bytes.length + 1)))],
  [8, onBytes((bytes, next) => flip(bytes, 1 + next.below(4), next))],
  [3, onBytes((bytes, next) => bytes.fill(0xff, next.below(bytes.length + 1)))],
  [2, onBytes((bytes, next) => Buffer.concat([bytes, bytes.subarray(next.below(bytes.length + 1))]))],
  [
    3,
    onBytes((bytes, next) => {
      // The size of the first entry.
      if (bytes.length >= 12) bytes.writeUInt32LE(next.pick([0, 1, 0x7fff_ffff, 0xffff_ffff]), 8);
      return bytes;
    }),
  ],
  [
    6,
    ({ images, name, others }, next) => {
      const from = next.pick(others);
      const kind = kindOfFile(name)?.kind;
      const same = readdirSync(from).filter((it) => kindOfFile(it)?.kind === kind);
      if (same.length === 0) return 'nothing';
      cpSync(join(from, next.pick(same)), join(images, name));
      return 'of another dump';
    },
  ],
  [
    4,
    ({ images, name }, next) => {
      const path = join(images, name);
      rmSync(path, { recursive: true });
      const [what, put] = next.pick(intruders);
      put(path);
      return what;
    },
  ],
];

const intruders: readonly (readonly [string, (path: string) => void])[] = [
  ['nothing there', () => undefined],
  ['a FIFO', (path) => execFileSync('mkfifo', [path])],
  ['a folder', (path) => mkdirSync(path)],
  ['a link', (path) => symlinkSync('/etc/hostname', path)],
  ['a link to itself', (path) => symlinkSync(path, path)],
  [
    '2 GB of nothing',
    (path) => {
      writeFileSync(path, '');
      truncateSync(path, 2_000_000_000);
    },
  ],
];

type Records = ImageRecordInit<ImageKind>[];

function onEntries(change: (records: Records, kind: ImageKind, next: Chance) => string): Mutation {
  return (place, next) => {
    const path = join(place.images, place.name);
    const kind = kindOfFile(place.name)?.kind;
    const isJson = place.name === 'criujs.json';
    if (!isJson && (kind === undefined || kind === 'PAGES')) return 'nothing';
    try {
      if (kind === undefined || isJson) return changeJson(path, next);
      const records = decodeImage(kind, readFileSync(path)) as Records;
      const what = records.length === 0 ? 'nothing' : change(records, kind, next);
      writeFileSync(path, encodeImage(kind, records));
      return what;
    } catch {
      // Without a required field it cannot be written, or it was damaged before: the bytes are damaged instead.
      return onBytes((bytes) => flip(bytes, 1, next))(place, next);
    }
  };
}

function onBytes(change: (bytes: Buffer, next: Chance) => Buffer): Mutation {
  return ({ images, name }, next) => {
    const path = join(images, name);
    writeFileSync(path, change(readFileSync(path), next));
    return 'bytes changed';
  };
}

function flip(bytes: Buffer, bits: number, next: Chance): Buffer {
  for (let bit = 0; bit < bits && bytes.length > 0; bit++) {
    const at = next.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << next.below(8));
  }
  return bytes;
}

const jsonValues = [null, -1, 1e300, '', 'x'.repeat(1000), [], {}, true, 4_194_305, '18446744073709551616'];

/** @throws SyntaxError, RangeError where it was damaged before */
function changeJson(path: string, next: Chance): string {
  const document = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  let place: Record<string, unknown> = document;
  let key = next.pick(Object.keys(place));
  while (next.below(4) !== 0 && typeof place[key] === 'object' && place[key] !== null) {
    const inner = place[key] as Record<string, unknown>;
    const keys = Object.keys(inner);
    if (keys.length === 0) break;
    place = inner;
    key = next.pick(keys);
  }
  const deep = 'levels upon levels';
  place[key] = next.below(20) === 0 ? deep : next.pick(jsonValues);
  // Put in as text: writing so many levels would overflow the stack here.
  writeFileSync(path, JSON.stringify(document).replace(`"${deep}"`, '['.repeat(5000) + ']'.repeat(5000)));
  return `${key} is another`;
}

/** Copies a dump and damages the copy, once to three times; tells how. Every user may read it. */
export function mutatedCopy(from: string, to: string, others: readonly string[], next: Chance): string {
  cpSync(from, to, { recursive: true });
  const names = readdirSync(to).filter((name) => !name.startsWith('stats'));
  const done: string[] = [];
  for (let times = next.pick([1, 1, 1, 2, 3]); times > 0; times--) {
    // Pages are rarely worth it.
    const name = next.pick(next.below(12) === 0 ? names : names.filter((it) => !it.startsWith('pages')));
    try {
      done.push(`${name}: ${chosen(next)({ images: to, name, others }, next)}`);
    } catch (error) {
      // Whoever came before left no file there.
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }
  for (const name of readdirSync(to)) openToAll(join(to, name));
  chmodSync(to, 0o755);
  return done.join('; ');
}

function openToAll(path: string): void {
  try {
    chmodSync(path, 0o755);
  } catch {
    // A link that leads nowhere.
  }
}

function chosen(next: Chance): Mutation {
  let at = next.below(mutations.reduce((sum, [often]) => sum + often, 0));
  for (const [often, mutate] of mutations) {
    if (at < often) return mutate;
    at -= often;
  }
  throw new Error('no mutation');
}
