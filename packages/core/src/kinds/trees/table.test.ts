import type { Records } from '@criujs/engine-kit';
import { EngineError } from '@criujs/engine-kit';
import { encodeImage } from '@criujs/images';
import { signals } from '@criujs/linux';
import { expect, test } from 'vitest';
import { entryReader } from '../../engine/restore/entries.ts';
import type { TaskImage, TreeImage, ZombieImage } from '../../engine/restore/read.ts';
import type { FrozenTask, FrozenTree } from '../../machinery/freeze/freeze.ts';
import type { Session } from '../../run/session.ts';
import type { LoadContext, Relative, TreeIdentity } from './kind.ts';
import { recogniseTree, treeKinds } from './table.ts';

/** What kinds of trees look at: no process of these numbers can exist, so none shares anything. */
const far = 2 ** 30;

function relative(pid: number, ppid: number, session: number): Relative {
  const parent = ppid === 0 ? 0 : far + ppid;
  return {
    pid: far + pid,
    ppid: parent,
    command: 'sample',
    stat: { session: far + session, exitSignal: signals.SIGCHLD },
    state: 'alive',
  };
}

const ids = { netNsId: 2, ipcNsId: 3, timeNsId: 5 } as unknown as TaskImage['ids'];
let lastId = 0;

/** A process that shares nothing. */
function ownIds(): TaskImage['ids'] {
  const own = ++lastId;
  return { ...ids, filesId: own, fsId: own };
}

function image(pid: number, ppid: number, how: Partial<TaskImage> = {}): TaskImage {
  return { pid, ppid, pgid: 10, sid: 10, state: 'alive', ids: ownIds(), cores: [], ...how } as unknown as TaskImage;
}

function treeOf(...tasks: (TaskImage | ZombieImage)[]): TreeImage {
  return { tasks, rootIds: ids, files: [], fdinfo: new Map(), plugins: [] };
}

function check(tree: TreeIdentity): string | null {
  try {
    for (const kind of treeKinds) kind.check?.(tree);
    return null;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

/** Control groups are left alone. */
const groups = { manageCgroups: undefined, cgroupRoot: [], cgroupYard: null };

function load(tree: TreeImage, records: Records | null = null, images: Readonly<Record<string, Uint8Array>> = {}) {
  const warnings: string[] = [];
  const store = {
    exists: (name: string) => name in images,
    read: (name: string) => images[name] ?? new Uint8Array(),
  } as unknown as Session['store'];
  const warn = (message: string) => void warnings.push(message);
  const session = { warn, store, checkAborted: () => undefined } as unknown as Session;
  const context: LoadContext = {
    session,
    records,
    beforeItRuns: () => undefined,
    options: { allowClockBehind: false, newPids: false, ...groups },
    untilMade: () => undefined,
    ...entryReader(session),
  };
  return { warnings, loaded: treeKinds.flatMap((kind) => kind.load?.(tree, context) ?? []) };
}

function save(tasks: readonly FrozenTask[]) {
  const written: string[] = [];
  const tasksOfRecords: { pid: number; exitSignal: number }[] = [];
  const records = { tasks: tasksOfRecords, systemV: { segments: [], sets: [], queues: [] } };
  const images = { write: (_kind: string, file: string) => void written.push(file) };
  for (const kind of treeKinds)
    kind.save?.({ tasks } as unknown as FrozenTree, {
      ...{ images, records, attributes: [], options: groups },
    });
  return { written, records };
}

test('a process may be in a session of its own, in one that an ancestor is or was in, or in one from outside', () => {
  const left = [relative(1, 0, 9), relative(2, 1, 2), relative(3, 2, 9), relative(4, 3, 9), relative(5, 1, 5)];
  expect(recogniseTree({ tasks: left })).toEqual([]);
});

test('a session that no process could be born into is refused, and does not pass', () => {
  const tasks = [relative(1, 0, 9), relative(2, 1, 9), relative(3, 1, 3), relative(4, 2, 3)];
  const row = {
    command: 'sample',
    subject: 'process',
    why: 'none of its ancestors is or was in that session',
    remedy: expect.any(String),
  };
  expect(recogniseTree({ tasks })).toEqual([{ ...row, pid: far + 4, resource: `session ${far + 3}` }]);
});

test('a table is shared with the parent or not at all', () => {
  const shares = (pid: number, ppid: number, filesId: number, fsId: number): TaskImage =>
    image(pid, ppid, { ids: { ...ids, filesId, fsId } });
  const tree = treeOf(shares(10, 1, 1, 1), shares(11, 10, 1, 2), shares(12, 11, 3, 2), shares(13, 10, 4, 4));
  expect(check(tree)).toBeNull();
  expect(check(treeOf(...tree.tasks, shares(14, 13, 1, 5)))).toMatch(
    /^UNSUPPORTED .*process 14 shares a table of descriptors with process 10, and not with its parent/,
  );
  expect(check(treeOf(...tree.tasks, shares(14, 10, 5, 2)))).toMatch(/^UNSUPPORTED .*a working directory/);
});

test('images with sessions or groups that cannot be are refused', () => {
  expect(check(treeOf(image(10, 1), image(11, 10)))).toBeNull();
  expect(check(treeOf(image(10, 1, { pgid: 9 })))).toMatch(/^IMAGE_INVALID .*process 10 leads a session/);
  expect(check(treeOf(image(10, 1), image(11, 10, { sid: 11, pgid: 11 }), image(12, 10, { pgid: 11 })))).toMatch(
    /^IMAGE_INVALID .*the group 11/,
  );
  const leader = image(13, 10, { sid: 13, pgid: 13 });
  expect(check(treeOf(image(10, 1), image(11, 10), leader, image(12, 11, { sid: 13, pgid: 12 })))).toMatch(
    /^IMAGE_INVALID .*process 12 is in session 13/,
  );
});

test('what has ended has a session and a group like all others', () => {
  const ended = (pgid: number, sid: number): ZombieImage => ({
    state: 'zombie',
    pid: 12,
    ppid: 10,
    pgid,
    sid,
    command: 'ended',
    exitCode: 0,
  });
  const leader = image(11, 10, { sid: 11, pgid: 11 });
  expect(check(treeOf(image(10, 1), leader, ended(10, 10)))).toBeNull();
  expect(check(treeOf(image(10, 1), leader, ended(12, 12)))).toBeNull();
  expect(check(treeOf(image(10, 1), leader, ended(11, 10)))).toMatch(/^IMAGE_INVALID .*the group 11/);
  expect(check(treeOf(image(10, 1), image(11, 10), { ...ended(12, 11), ppid: 11 }))).toMatch(
    /^IMAGE_INVALID .*process 12 is in session 11/,
  );
  expect(check(treeOf(image(10, 1), leader, ended(10, 12)))).toMatch(/^IMAGE_INVALID .*process 12 leads a session/);
});

test('namespaces of its own are refused, but for those that have ended and where nobody says', () => {
  const own = image(11, 10, { ids: { ...ownIds(), netNsId: 7 } });
  expect(check(treeOf(image(10, 1), own))).toMatch(/^UNSUPPORTED .*netNsId/);
  expect(check({ ...treeOf(image(10, 1), own), rootIds: undefined })).toBeNull();
  expect(check(treeOf(image(10, 1, { ids: { ...ownIds(), ipcNsId: 0 } })))).toBeNull();
  const ended: ZombieImage = { state: 'zombie', pid: 11, ppid: 10, pgid: 10, sid: 10, command: 'ended', exitCode: 0 };
  expect(check(treeOf(image(10, 1), ended))).toBeNull();
});

const timens = (tvSec: bigint, tvNsec: bigint = 0n): Uint8Array => {
  const time = { tvSec, tvNsec };
  return encodeImage('TIMENS', [{ message: { monotonic: time, boottime: time } }]);
};

test('clocks are read from the image of their namespace, and impossible ones are refused', () => {
  const own = { ids: { ...ownIds(), timeNsId: 7 } };
  const from = (how: Partial<TaskImage>, images: Record<string, Uint8Array>) =>
    load(treeOf(image(10, 1, how)), null, images);
  expect(from({}, {}).warnings).toEqual([]);
  expect(from({}, { 'timens-0.img': encodeImage('TIMENS', []) }).warnings).toEqual([]);
  expect(() => from(own, { 'timens-0.img': timens(1n) })).toThrow(/timens-7.img: the image is missing/);
  for (const bad of [timens(1n << 63n), timens(1n << 62n), timens(1n, 1n << 63n), timens(1n, 1_000_000_000n)])
    expect(() => from({}, { 'timens-0.img': bad })).toThrow(/timens-0.img: a clock shows/);
  const several = treeOf(image(10, 1), image(11, 10, own));
  expect(() => load(several)).toThrow(/several time namespaces/);
});

test('a signal to the parent other than SIGCHLD goes there and back, but for that of the root', () => {
  const frozen = (pid: number, ppid: number, exitSignal: number): FrozenTask =>
    ({ pid, ppid, threads: [], stat: { exitSignal } }) as unknown as FrozenTask;
  const { records, written } = save([frozen(10, 0, 0), frozen(11, 10, signals.SIGCHLD), frozen(12, 10, 0)]);
  expect(written).toEqual(['seccomp.img', 'timens-0.img']);
  expect(records.tasks).toEqual([{ pid: 12, exitSignal: 0 }]);
  const signalOf = (pid: number, from: Records | null): (number | undefined)[] =>
    load(treeOf(image(10, 1)), from).loaded.flatMap(({ exitSignal }) =>
      exitSignal === undefined ? [] : [exitSignal(pid)],
    );
  expect(signalOf(12, records as unknown as Records)).toEqual([0]);
  expect(signalOf(11, records as unknown as Records)).toEqual([undefined]);
  expect(signalOf(12, null)).toEqual([undefined]);
});
