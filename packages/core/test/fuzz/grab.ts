import { chmodSync, chownSync, cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, encodeImage, type ImageKind, type ImageRecordInit, kindOfFile } from '@criujs/images';
import type { Chance } from '../harness/chance.ts';

// Images that reach for more than their owner may have: credentials, and files of others.

/** What belongs to root alone. */
export interface Loot {
  readonly directory: string;
  /** A file in it. */
  readonly file: string;
}

type Values = Record<string, unknown>;

/** Changes one message of an image; tells what it did, or null: it has nothing of that kind. */
type Grab = (message: Values, loot: Loot, next: Chance) => string | null;

const ids = ['uid', 'gid', 'euid', 'egid', 'suid', 'sgid', 'fsuid', 'fsgid'] as const;
const sets = ['capInh', 'capPrm', 'capEff', 'capAmb', 'capBnd'] as const;

const inCores: readonly Grab[] = [
  (core, _, next) => ofCreds(core, (creds) => set(creds, next.pick(ids), next.pick([0, 1000, 4_294_967_295]))),
  (core, _, next) => ofCreds(core, (creds) => set(creds, 'groups', [next.pick([0, 27, 42])])),
  (core, _, next) => ofCreds(core, (creds) => set(creds, next.pick(sets), [0xffff_ffff, 0x1ff])),
  (core) => ofCreds(core, (creds) => ids.map((id) => set(creds, id, 0)).join(', ')),
  (core) => ofCreds(core, (creds) => set(creds, 'secbits', 0)),
  (core) => ofCreds(core, (creds) => set(creds, 'noNewPrivs', 0)),
  (core) => without(core['threadCore'], 'creds'),
  (core, _, next) => (isMessage(core['tc']) ? set(core['tc'], 'loginuid', next.pick([0, 1000])) : null),
  (core) => (isMessage(core['tc']) ? set(core['tc'], 'oomScoreAdj', -1000) : null),
];

/** O_RDONLY, O_RDWR, O_RDWR|O_CREAT|O_TRUNC, O_PATH, O_RDWR|O_TMPFILE, O_WRONLY|O_APPEND. open(2) */
const flags = [0, 2, 0o1002, 0o10000000, 0o20200002, 0o2001];

const inFiles: readonly Grab[] = [
  (file, loot, next) =>
    ofReg(file, (reg) => {
      const { size, mode } = statSync(loot.file);
      Object.assign(reg, { name: loot.file, size: BigInt(size), mode, flags: next.pick(flags), pos: 0n });
      return `${loot.file} with the flags ${reg['flags']}`;
    }),
  (file, loot) => ofReg(file, (reg) => set(reg, 'name', loot.directory)),
  (file, loot) => ofReg(file, (reg) => set(reg, 'name', join(loot.directory, 'planted'))),
  (file, loot, next) => ofReg(file, (reg) => set(reg, 'name', `${next.pick(ways)}${loot.file}`)),
  (file, _, next) => ofReg(file, (reg) => set(reg, 'name', next.pick(ofEngine))),
];

/** Names of one's own for the root directory, which lead through the engine. proc_pid_root(5) */
const ways = ['/proc/self/root', '/proc/1/root', '/proc/thread-self/root', '/proc/self/cwd/../../../../../../..'];
const ofEngine = ['mem', 'maps', 'environ', 'exe', 'fd/0', 'fd/3', 'fd/20', 'ns/mnt', 'task'].map(
  (name) => `/proc/self/${name}`,
);

function isMessage(value: unknown): value is Values {
  return typeof value === 'object' && value !== null;
}

function ofCreds(core: Values, change: (creds: Values) => string): string | null {
  const thread = core['threadCore'];
  const creds = isMessage(thread) ? thread['creds'] : undefined;
  return isMessage(creds) ? change(creds) : null;
}

function ofReg(file: Values, change: (reg: Values) => string): string | null {
  return isMessage(file['reg']) ? change(file['reg']) : null;
}

function without(message: unknown, field: string): string | null {
  if (!isMessage(message)) return null;
  delete message[field];
  return `no ${field}`;
}

function set(message: Values, field: string, value: unknown): string {
  message[field] = value;
  return `${field} is ${String(value)}`;
}

const grabs: Partial<Record<ImageKind, readonly Grab[]>> = { CORE: inCores, FILES: inFiles };

/** Copies a dump, has one to three of its messages reach for more, and gives the copy to a user; tells how. */
export function grabbingCopy(
  from: string,
  to: string,
  { uid, loot }: { uid: number; loot: Loot },
  next: Chance,
): string {
  cpSync(from, to, { recursive: true });
  const names = readdirSync(to).filter((name) => (grabs[kindOfFile(name)?.kind as ImageKind] ?? []).length > 0);
  const done = Array.from({ length: next.pick([1, 1, 2, 3]) }, () => grabIn(to, next.pick(names), loot, next));
  for (const name of readdirSync(to)) {
    chmodSync(join(to, name), 0o644);
    chownSync(join(to, name), uid, uid);
  }
  chmodSync(to, 0o755);
  return done.join('; ');
}

function grabIn(images: string, name: string, loot: Loot, next: Chance): string {
  const kind = kindOfFile(name)?.kind as ImageKind;
  const path = join(images, name);
  const records = decodeImage(kind, readFileSync(path)) as ImageRecordInit<ImageKind>[];
  // Not every message has what every grab is after.
  for (let tries = 0; tries < 20; tries++) {
    const what = next.pick(grabs[kind] ?? [])(next.pick(records).message as Values, loot, next);
    if (what === null) continue;
    writeFileSync(path, encodeImage(kind, records));
    return `${name}: ${what}`;
  }
  return `${name}: nothing`;
}
