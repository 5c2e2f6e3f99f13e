import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { run } from './harness/command.ts';
import { criujs, type Engine, realCriu } from './harness/engines.ts';
import { installedFor } from './harness/installed.ts';
import { travel } from './harness/legs.ts';
import { criuMissing, isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { portrait } from './harness/portrait.ts';
import { cProgram, type Program } from './harness/programs.ts';
import { fdinfoLines } from './mirror/fdinfo.ts';
import { prctls } from './mirror/prctls.ts';
import { compared, type Property } from './mirror/property.ts';
import { smapsLines } from './mirror/smaps.ts';
import { statusFields } from './mirror/status.ts';

// One tree that has one of everything goes every way that there is, and what it shows of itself is the same after each: to /proc
// (harness/portrait.ts), to itself (programs/inside.h), and by using what it has, which each part checks all the time.

/** A program of the tree. Whoever makes a test program for a new kind adds it here. */
interface Part {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What else it is told where it is an ordinary user's. */
  readonly user?: Readonly<Record<string, string>>;
  /** What it has has no place in CRIU's images. */
  readonly ours?: true;
  /** It needs more rights than an ordinary user has. */
  readonly needsRoot?: true;
  /** It knows its processes by their pids. */
  readonly knowsPids?: true;
  /** It waits until an init has reaped those who have ended; a shell as init does not. */
  readonly needsInit?: true;
}

const parts: readonly Part[] = [
  { name: 'counter' },
  { name: 'threads', knowsPids: true },
  { name: 'near', knowsPids: true },
  { name: 'tree', knowsPids: true },
  { name: 'shared', ours: true, knowsPids: true },
  { name: 'tables', ours: true, knowsPids: true },
  { name: 'zombies', knowsPids: true },
  { name: 'memory', ours: true },
  { name: 'deleted', ours: true, knowsPids: true },
  { name: 'pipes', ours: true },
  // The kernel breaks a lease by force once it has waited for 45 seconds: proc_sys_fs(5), lease-break-time.
  { name: 'locks', env: { LOCKS_PLAIN: '1' }, ours: true },
  { name: 'pairs', ours: true, knowsPids: true },
  { name: 'listeners', ours: true, knowsPids: true },
  { name: 'netlinks', ours: true },
  { name: 'packets', ours: true, needsRoot: true },
  { name: 'connections', ours: true, needsRoot: true },
  { name: 'udps', user: { UDPS_USER: '1' }, ours: true },
  { name: 'inets', user: { INETS_USER: '1' }, ours: true },
  { name: 'flights', ours: true },
  { name: 'ptys', ours: true, knowsPids: true },
  { name: 'attributes', ours: true },
  { name: 'barriers', env: { BARRIERS_PLAIN: '1' } },
  { name: 'timerfds', ours: true },
  { name: 'signalfds' },
  { name: 'pidfds', ours: true },
  { name: 'watches', ours: true, needsRoot: true },
  { name: 'epolls', ours: true },
  { name: 'rings', ours: true },
  { name: 'aios', ours: true },
  // CRIU hangs at filters on newer kernels.
  { name: 'memfds', ours: true, needsRoot: true, knowsPids: true },
  { name: 'filters', ours: true, needsRoot: true, knowsPids: true },
  { name: 'busy', ours: true },
  { name: 'kin', env: { KIN_NEW: '1' }, ours: true, needsInit: true },
  // Others may not read what is attached in part only, nor choose ids.
  { name: 'sysv-memory', ours: true, needsRoot: true },
  { name: 'sysv-semaphores', ours: true, needsRoot: true, knowsPids: true },
  { name: 'sysv-queues', ours: true, needsRoot: true, knowsPids: true },
  { name: 'owner', env: { OWNER_USER: '1' }, ours: true, needsRoot: true },
];

/** All of them together would else keep two processors busy, and the engine waiting. */
const rests = { TARGET_RESTS: '5' } as const;

function mirrorOf(chosen: readonly Part[], isUser: boolean = !isRoot): Program {
  const commands = chosen.map(({ name, env = {}, user = {} }) => {
    const settings = Object.entries({ ...env, ...(isUser && user) }).map((it) => it.join('='));
    return [name, ...(settings.length > 0 ? ['env', ...settings] : []), ...cProgram(name).command()];
  });
  const root = cProgram('mirror');
  return {
    ...root,
    env: rests,
    command: () => [...root.command(), ...commands.flatMap((words, at) => (at === 0 ? words : ['--', ...words]))],
  };
}

/** What is taken only if it is asked for. */
const asked = { more: ['--file-locks', '--tcp-established'] } as const;
const { missing } = cProgram('mirror');
const everything = parts.filter(({ needsRoot }) => isRoot || !needsRoot);

describe.skipIf(missing)(missing ?? 'one of everything', () => {
  test.skipIf(!isRoot)('comes back with its pids, three times in a row', async ({ place }) => {
    const target = await place.start(mirrorOf(everything));
    for (let leg = 0; leg < 3; leg++) await travel(place, target, { by: criujs, dump: asked, restore: asked });
    await target.finish();
  });

  test('is not changed by dumps that leave it running', async ({ place }) => {
    const target = await place.start(mirrorOf(everything));
    const before = await target.paused(() => portrait(target.pid));
    for (let leg = 0; leg < 3; leg++) {
      await criujs.dump(target.pid, target.images(), { ...asked, leaveRunning: true }).catch((error: unknown) => {
        // One of its parts may have ended it: its words say more.
        target.ticks();
        throw error;
      });
      expect(target.held()).toEqual([]);
      await target.advance();
    }
    expect(await target.paused(() => portrait(target.pid))).toBe(before);
    await target.finish();
  });

  test('comes back with new pids, three times in a row', async ({ place }) => {
    const target = await place.start(mirrorOf(everything.filter(({ knowsPids }) => !knowsPids)));
    for (let leg = 0; leg < 3; leg++)
      await travel(place, target, { by: criujs, compared: false, dump: asked, restore: { ...asked, newPids: true } });
    await target.finish();
  });

  const noCriu = criuMissing();
  const legs: readonly (readonly [Engine, Engine])[] = [
    [criujs, realCriu],
    [realCriu, criujs],
    [realCriu, realCriu],
    [criujs, criujs],
  ];
  test.skipIf(noCriu)(noCriu ?? 'goes to CRIU and back, as far as CRIU knows it', async ({ place }) => {
    const target = await place.start(mirrorOf(parts.filter(({ ours }) => !ours)));
    for (const [by, restoredBy] of legs) await travel(place, target, { by, restoredBy });
    await target.finish();
  });

  /** As an ordinary user: whoever runs the tests, or nobody when that is root. */
  const how = { asNobody: isRoot } as const;
  const forAll = parts.filter(({ needsRoot }) => !needsRoot);

  test('comes back to an ordinary user, with new pids', async ({ place }) => {
    const bin = await installedFor(place, how);
    const target = await place.start(
      mirrorOf(
        forAll.filter(({ knowsPids }) => !knowsPids),
        true,
      ),
      how,
    );
    for (let leg = 0; leg < 3; leg++)
      await travel(place, target, {
        ...{ by: criujs, compared: false, dump: asked, restore: { ...asked, newPids: true } },
        how: { ...how, bin },
      });
    await target.finish();
  });

  const inner = fileURLToPath(new URL('harness/inner.sh', import.meta.url));
  const unshare = ['unshare', '-U', '-r', '-p', '-f', '--mount-proc'];
  test('comes back to an ordinary user in a user namespace, with its pids', async ({ place, skip }) => {
    if ((await run([...unshare, 'true'], how)).code !== 0) skip('no user namespaces here');
    const bin = await installedFor(place, how);
    const command = mirrorOf(
      forAll.filter(({ needsInit }) => !needsInit),
      true,
    ).command();
    const ended = await run([...unshare, 'sh', inner, place.home(how), bin, process.execPath, ...command], {
      ...how,
      env: rests,
    });
    expect(`${ended.stdout}${ended.stderr}`).toMatch(/pid \d+, \d+ lines\n/);
    expect(ended.code).toBe(0);
  });
});

describe('what nobody has classified', () => {
  const keys = (text: string): string[] => [...text.matchAll(/^([\w-]+):/gm)].map(([, key = '']) => key);
  const read = (path: string): string => readFileSync(path, 'utf8');

  test.for<[string, readonly Property[], () => string[]]>([
    ['/proc/PID/status', statusFields, () => keys(read('/proc/self/status'))],
    ['/proc/PID/fdinfo', fdinfoLines, () => keys(read('/proc/self/fdinfo/0'))],
    ['/proc/PID/smaps', smapsLines, () => keys(read('/proc/self/smaps').replace(/^[0-9a-f]+-.*$/gm, ''))],
  ])('is nothing of %s, and would be an error', ([where, table, shown]) => {
    const isCompared = compared(table, where);
    const names = [...new Set(shown())];
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) expect(isCompared(name)).toBeTypeOf('boolean');
    expect(() => isCompared('Unheard_of')).toThrow(`${where} shows Unheard_of, which nobody has classified`);
  });

  const header = '/usr/include/linux/prctl.h';
  test.skipIf(!existsSync(header))(`is no prctl of this machine’s header (${header})`, () => {
    const operations = [...read(header).matchAll(/^#define PR_(\w+)\s+(?:\d+|0x[0-9a-f]{8})\b/gm)].map(
      ([, name = '']) => name,
    );
    const known = new Set(prctls.map(({ name }) => name));
    expect(operations.length).toBeGreaterThan(40);
    expect(operations.filter((name) => !known.has(name))).toEqual([]);
  });
});
