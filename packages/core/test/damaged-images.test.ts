import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, EngineError, exitCodeOf, restore } from '@criujs/core';
import { decodeImage, type EntryOf, encodeImage, type ImageKind, type ImageRecordInit } from '@criujs/images';
import { expect } from 'vitest';
import { test } from './harness/place.ts';
import { runs } from './harness/processes.ts';
import { counter, cProgram, shCounter, tree } from './harness/programs.ts';

/** How many damaged copies are tried; the full count is 500. */
const copies = Number(process.env['CRIUJS_DAMAGE_RUNS'] ?? 60);

/** Numbers that look like chance and are the same in every run (Lehmer's generator), so that a failure can be repeated. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 0x7fff_ffff;
    return state % below;
  };
}

type Damage = (bytes: Buffer, next: (below: number) => number) => Buffer;

const damages: Readonly<Record<string, Damage>> = {
  'cut short': (bytes, next) => bytes.subarray(0, next(bytes.length)),
  'one bit flipped': flip(1),
  'four bits flipped': flip(4),
  'bytes of nonsense': (bytes, next) => {
    const at = next(bytes.length);
    bytes.fill(0xff, at, Math.min(bytes.length, at + 8));
    return bytes;
  },
};

function flip(bits: number): Damage {
  return (bytes, next) => {
    for (let bit = 0; bit < bits; bit++) {
      const at = next(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8));
    }
    return bytes;
  };
}

test(`${copies} damaged dumps: each is restored or refused with a code, and nothing is left behind`, {
  timeout: 600_000,
}, async ({ place }) => {
  const target = await place.start(shCounter);
  const whole = target.images();
  await dump({ pid: target.pid, images: whole, leaveRunning: true });
  const names = readdirSync(whole).filter((name) => !name.startsWith('pages-'));
  const outcomes: Record<string, number> = {};
  for (let run = 0; run < copies; run++) {
    const next = chance(run + 1);
    const name = names[next(names.length)] as string;
    const [kind, damage] = Object.entries(damages)[next(Object.keys(damages).length)] as [string, Damage];
    const images = target.images();
    cpSync(whole, images, { recursive: true });
    writeFileSync(join(images, name), damage(readFileSync(join(images, name)), next));
    const outcome = await attempt(images, `run ${run}: ${name} ${kind}`);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    rmSync(images, { recursive: true });
  }
  expect(outcomes['IMAGE_INVALID'], JSON.stringify(outcomes)).toBeGreaterThan(copies / 4);
  // Its log is no witness here: copies that were restored wrote into it as well.
  expect(runs(target.pid)).toBe(true);
  expect(target.held()).toEqual([]);
});

/** What came of it: a code, or `restored`. Restored processes are ended; a hang fails by the test's own limit. */
async function attempt(images: string, what: string): Promise<string> {
  try {
    const { pids } = await restore({ images, newPids: true, detach: true });
    for (const pid of pids.values()) end(pid);
    return 'restored';
  } catch (error) {
    if (!(error instanceof EngineError)) throw new Error(`${what}: ${error}`, { cause: error });
    expect([3, 5, 6], `${what}: ${error.code}: ${error.message}`).toContain(exitCodeOf(error.code));
    expect(error.message, what).toMatch(/\w+/);
    expect(error.remedy, what).toMatch(/\w+/);
    return error.code;
  }
}

/** A `sleep` of the script may have ended by itself. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ESRCH');
  }
}

test.skipIf(counter.missing)(
  'images cut short, of another version, without an inventory and of another processor are refused by name',
  async ({ place }) => {
    const target = await place.start(counter);
    const whole = target.images();
    await dump({ pid: target.pid, images: whole, leaveRunning: true });
    const rows: [file: string, change: (bytes: Buffer) => Buffer | null, code: string][] = [
      ['inventory.img', () => null, 'IMAGES_INCOMPLETE'],
      // Field 1 of the inventory, its version, follows the magic and the size of the entry.
      [
        'inventory.img',
        (bytes) => Buffer.concat([bytes.subarray(0, 9), Buffer.from([77]), bytes.subarray(10)]),
        'IMAGES_VERSION',
      ],
      ['files.img', (bytes) => bytes.subarray(0, bytes.length - 3), 'IMAGE_INVALID'],
      [
        'pstree.img',
        (bytes) => Buffer.concat([bytes.subarray(0, 8), Buffer.from('ffffff7f', 'hex'), bytes.subarray(12)]),
        'IMAGE_INVALID',
      ],
      ['pages-1.img', (bytes) => bytes.subarray(0, bytes.length - 4096), 'IMAGE_INVALID'],
      ['fdinfo-2.img', () => null, 'IMAGE_INVALID'],
      ['criujs.json', () => Buffer.from('{"format":"criujs","version":99}'), 'IMAGES_VERSION'],
    ];
    for (const [file, change, code] of rows) {
      const images = target.images();
      cpSync(whole, images, { recursive: true });
      const changed = change(readFileSync(join(images, file)));
      if (changed === null) rmSync(join(images, file));
      else writeFileSync(join(images, file), changed);
      const error = await restore({ images, newPids: true, detach: true }).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error, file).toBeInstanceOf(EngineError);
      expect((error as EngineError).code, `${file}: ${(error as EngineError).message}`).toBe(code);
      expect((error as EngineError).message).toContain(file.replace(/-\d+/, '').split('.')[0] ?? file);
    }
  },
);

/** One field of one image that says what cannot be. */
interface Nonsense {
  readonly what: RegExp;
  readonly image: RegExp;
  change(images: string, name: string): void;
}

function nonsense<K extends ImageKind>(
  kind: K,
  image: RegExp,
  what: RegExp,
  change: (entry: EntryOf<K>, entries: EntryOf<K>[]) => void,
): Nonsense {
  return {
    what,
    image,
    change(images, name) {
      const path = join(images, name);
      const records = decodeImage(kind, readFileSync(path));
      change(
        records[0]?.message as EntryOf<K>,
        records.map(({ message }) => message),
      );
      writeFileSync(path, encodeImage(kind, records as ImageRecordInit<K>[]));
    },
  };
}

const core = (what: RegExp, change: (entry: EntryOf<'CORE'>) => void): Nonsense =>
  nonsense('CORE', /^core-/, what, change);
const mm = (what: RegExp, change: (entry: EntryOf<'MM'>) => void): Nonsense => nonsense('MM', /^mm-/, what, change);

const nonsenses: readonly Nonsense[] = [
  core(/fs_base/, ({ threadInfo }) => Object.assign(threadInfo?.gpregs ?? {}, { fsBase: 2n ** 63n })),
  core(/a selector/, ({ threadInfo }) => Object.assign(threadInfo?.gpregs ?? {}, { ss: 0x10n })),
  core(/mxcsr/, ({ threadInfo }) => Object.assign(threadInfo?.fpregs ?? {}, { mxcsr: 0xffff_ffff })),
  core(/words/, ({ threadInfo }) => threadInfo?.fpregs?.xmmSpace.push(...Array(200).fill(7))),
  core(/capEff/, ({ threadCore }) => threadCore?.creds?.capEff.push(1, 2, 3)),
  core(/euid/, ({ threadCore }) => Object.assign(threadCore?.creds ?? {}, { euid: 0xffff_ffff })),
  core(/groups/, ({ threadCore }) => threadCore?.creds?.groups.push(...Array(70_000).fill(5))),
  core(/nice/, ({ threadCore }) => Object.assign(threadCore ?? {}, { schedNice: 77 })),
  core(/policy/, ({ threadCore }) => Object.assign(threadCore ?? {}, { schedPolicy: 99 })),
  core(/death/, ({ threadCore }) => Object.assign(threadCore ?? {}, { pdeathSig: 65 })),
  core(/futexes/, ({ threadCore }) => Object.assign(threadCore ?? {}, { futexRlaLen: 23 })),
  core(/restartable/, ({ threadCore }) => Object.assign(threadCore?.rseqEntry ?? {}, { rseqAbiPointer: 0x5000n })),
  core(/microseconds/, ({ tc }) => Object.assign(tc?.timers?.real ?? {}, { iusec: 1_000_000n, isec: 1n })),
  core(/signal actions/, ({ tc }) => tc?.sigactions.push(...(tc?.sigactions ?? []))),
  core(/limits/, ({ tc }) => tc?.rlimits?.rlimits.push(...(tc?.rlimits?.rlimits ?? []))),
  core(/oom/, ({ tc }) => Object.assign(tc ?? {}, { oomScoreAdj: 1001 })),
  core(/exit status/, ({ tc }) => Object.assign(tc ?? {}, { taskState: 2, exitCode: 65 })),
  core(/exit status/, ({ tc }) => Object.assign(tc ?? {}, { taskState: 2, exitCode: 19 })),
  mm(/mmBrk/, (it) => Object.assign(it, { mmBrk: 2n ** 63n })),
  mm(/auxiliary/, (it) => it.mmSavedAuxv.push(...Array(100).fill(1n))),
  mm(/flags/, (it) => Object.assign(it.vmas[0] ?? {}, { flags: 3 })),
  mm(/protection/, (it) => Object.assign(it.vmas[0] ?? {}, { prot: 0x0100_0000 })),
  mm(/offset/, (it) => Object.assign(it.vmas[0] ?? {}, { pgoff: 5n })),
  nonsense('PSTREE', /^pstree/, /session/, (it) => Object.assign(it, { sid: it.pid, pgid: it.pid + 1 })),
  nonsense('FDINFO', /^fdinfo/, /descriptor/, (it) => Object.assign(it, { fd: 2 ** 20 })),
];

test.skipIf(counter.missing)(
  'what cannot be is refused by the name of the image, before the first process is made',
  async ({ place }) => {
    const target = await place.start(counter);
    const whole = target.images();
    await dump({ pid: target.pid, images: whole, leaveRunning: true });
    for (const { image, what, change } of nonsenses) {
      const images = target.images();
      cpSync(whole, images, { recursive: true });
      const name = readdirSync(images).find((it) => image.test(it)) ?? '';
      change(images, name);
      const phases: string[] = [];
      const onProgress = ({ phase }: { phase: string }) => phases.push(phase);
      const error = await restore({ images, newPids: true, detach: true, onProgress }).then(
        () => null,
        (reason: unknown) => reason as EngineError,
      );
      expect(error, `${name} ${what}`).toMatchObject({ code: 'IMAGE_INVALID', message: expect.stringMatching(what) });
      expect(error?.message).toContain(name);
      expect(phases, error?.message).toEqual(['read']);
      rmSync(images, { recursive: true });
    }
  },
);

test.skipIf(tree.missing)(
  'a process that has ended and has children is refused by the name of its image',
  async ({ place }) => {
    const target = await place.start(tree);
    const images = target.images();
    await dump({ pid: target.pid, images, leaveRunning: true });
    const tasks = decodeImage('PSTREE', readFileSync(join(images, 'pstree.img'))).map(({ message }) => message);
    const parent = tasks.find(({ pid, ppid }) => ppid !== 0 && tasks.some((it) => it.ppid === pid));
    const name = `core-${parent?.pid}.img`;
    const records = decodeImage('CORE', readFileSync(join(images, name)));
    Object.assign(records[0]?.message.tc ?? {}, { taskState: 2, exitCode: 0 });
    writeFileSync(join(images, name), encodeImage('CORE', records as ImageRecordInit<'CORE'>[]));
    await expect(restore({ images, newPids: true, detach: true })).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringMatching(new RegExp(`^${name}: process ${parent?.pid} has ended`)),
    });
  },
);

const shared = cProgram('shared');
test.skipIf(shared.missing)(
  'shared memory that no process has room for is refused, before the first process is made',
  async ({ place }) => {
    const target = await place.start(shared);
    const images = target.images();
    await dump({ pid: target.pid, images, leaveRunning: true });
    const name = join(images, `mm-${target.pid}.img`);
    const records = decodeImage('MM', readFileSync(name));
    for (const vma of records[0]?.message.vmas ?? []) if (vma.status & 0x100) vma.pgoff = 2n ** 45n;
    writeFileSync(name, encodeImage('MM', records as ImageRecordInit<'MM'>[]));
    const phases: string[] = [];
    const onProgress = ({ phase }: { phase: string }) => phases.push(phase);
    await expect(restore({ images, newPids: true, detach: true, onProgress })).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining('fit into no address space'),
    });
    expect(phases).toEqual(['read']);
    await target.advance();
  },
);
