import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { dump, type EngineError, type Progress, restore } from '@criujs/core';
import { criu } from '@criujs/criu-bridge';
import { afterEach, describe, expect } from 'vitest';
import { unknownDevice } from '../../core/test/harness/devices.ts';
import { criu as bin, criuMissing, root } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { runs, statFields, untilGone } from '../../core/test/harness/processes.ts';
import { counter, cProgram, tree } from '../../core/test/harness/programs.ts';
import type { Target } from '../../core/test/harness/target.ts';
import { until } from '../../core/test/harness/wait.ts';
import { failureOf, unharmed, worker } from './harness/runs.ts';

const missing = criuMissing() ?? counter.missing;
const engine = criu({ bin: bin ?? undefined });

afterEach(() => expect(worker()).toBe(null));

describe.skipIf(missing)(missing ?? 'a run by CRIU', () => {
  test('dumps and restores a tree, and tells what it did', async ({ place }) => {
    const target = await place.start(tree);
    const images = target.images();
    const pids = target.pids();
    const phases: string[] = [];
    const onProgress = ({ phase }: Progress): void => void phases.push(phase);
    const saved = await dump({ pid: target.pid, images, engine, onProgress });
    expect(saved).toMatchObject({ pid: target.pid, plugins: [], warnings: [] });
    expect(saved.processes).toBeGreaterThanOrEqual(pids.length);
    expect(saved.threads).toBeGreaterThanOrEqual(pids.length);
    expect(saved.bytes).toBeGreaterThan(100_000);
    expect(saved.frozenMs).toBeGreaterThan(0);
    expect(saved.totalMs).toBeGreaterThan(saved.frozenMs);
    expect(phases).toEqual(expect.arrayContaining(['pre-dump', 'freeze', 'collect', 'pages', 'post-dump']));
    expect(JSON.parse(readFileSync(join(images, 'criujs.json'), 'utf8'))).toMatchObject({ externals: [], plugins: [] });
    for (const pid of pids) await untilGone(pid);

    const back = await restore({ images, engine, detach: true });
    place.track(back.pid);
    expect(back.pid).toBe(target.pid);
    expect(back.exited).toBe(undefined);
    for (const pid of pids) expect(back.pids.get(pid)).toBe(pid);
    expect(back.restoreMs).toBeGreaterThan(0);
    await target.advance();
    await target.finish();
  });

  test('without detach the root is our child, and its end is told', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    await dump({ pid: target.pid, images, engine });
    await untilGone(target.pid);
    const back = await restore({ images, engine });
    place.track(back.pid);
    expect(Number(statFields(back.pid)?.[4])).toBe(process.pid);
    await target.advance();
    process.kill(back.pid, 'SIGKILL');
    expect(await back.exited).toEqual({ signal: 9 });
    await untilGone(back.pid);
  });

  test('leaves it running when asked to, and replaces a dump only with force', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    await dump({ pid: target.pid, images, engine, leaveRunning: true });
    await target.advance();
    expect((await failureOf(dump({ pid: target.pid, images, engine }))).code).toBe('IMAGES_EXIST');
    await dump({ pid: target.pid, images, engine, force: true });
    await until('it ends', () => !runs(target.pid));
  });

  test('a name of CRIU and a guessable one are the same option', async ({ place }) => {
    const target = await place.start(counter);
    const logs = place.fresh('logs');
    mkdirSync(logs);
    for (const options of [
      { workDirectory: logs, logFile: 'a.log' },
      { workDirFd: logs, logFile: 'b.log' },
    ]) {
      const images = target.images();
      const by = criu({ bin: bin ?? undefined, options: { ...options, logLevel: 4 } });
      await dump({ pid: target.pid, images, engine: by, leaveRunning: true });
      expect(existsSync(join(images, 'dump.log'))).toBe(false);
      expect(readFileSync(join(logs, options.logFile), 'utf8')).toContain('finished successfully');
    }
  });

  test('what CRIU cannot do is said, and what that would be instead', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    await dump({ pid: target.pid, images, engine, leaveRunning: true });
    const failure = await failureOf(restore({ images, engine, newPids: true }));
    expect(failure).toMatchObject({ code: 'BAD_OPTION', remedy: expect.stringContaining('embedded engine') });
    for (const detach of [true, false]) {
      expect(await failureOf(restore({ images, engine, detach }))).toMatchObject({ code: 'PID_TAKEN' });
    }
    await target.advance();
  });

  test('an abort that comes when all is decided changes nothing', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    const aborting = new AbortController();
    const by = criu({
      bin: bin ?? undefined,
      onStep: ({ script }) => void (script === 'post-resume' && aborting.abort()),
    });
    await dump({ pid: target.pid, images, engine });
    const back = await restore({ images, engine: by, detach: true, signal: aborting.signal });
    expect(aborting.signal.aborted).toBe(true);
    place.track(back.pid);
    await target.advance();
  });

  test('a pid that nobody has', async ({ place }) => {
    const images = place.fresh('images');
    expect(await failureOf(dump({ pid: 2 ** 22 - 1, images, engine }))).toMatchObject({ code: 'NO_SUCH_PROCESS' });
    expect(existsSync(images)).toBe(false);
  });
});

describe.skipIf(missing)(missing ?? 'a run by CRIU that fails', () => {
  test.skipIf(cProgram('external').missing ?? unknownDevice === null)(
    'an unknown device is refused by process, resource and remedy',
    async ({ place }) => {
      const target = await place.start({ ...cProgram('external'), env: { DEVICE: unknownDevice ?? '' } });
      const images = target.images();
      const failure = await failureOf(dump({ pid: target.pid, images, engine }));
      expect(failure.code).toBe('UNSUPPORTED');
      const [refusal] = failure.refusals ?? [];
      expect(target.pids()).toContain(refusal?.pid);
      expect(refusal).toMatchObject({
        command: 'external',
        resource: expect.stringMatching(/^descriptor 7: character device \d+:\d+$/),
        remedy: expect.stringContaining('DUMP_EXT_FILE'),
      });
      expect(failure.message).toContain('1 resource is not supported');
      await unharmed(target, images);
    },
  );

  test('an abort is heard at the next step, and the program runs on', async ({ place }) => {
    for (const phase of ['pre-dump', 'post-dump']) {
      const target = await place.start(counter);
      const images = target.images();
      const aborting = new AbortController();
      const onProgress = (it: Progress): void => void (it.phase === phase && aborting.abort());
      const run = dump({ pid: target.pid, images, engine, onProgress, signal: aborting.signal });
      expect((await failureOf(run)).code).toBe('ABORTED');
      await unharmed(target, images);
    }
  });

  test('an aborted restore leaves no process', async ({ place }) => {
    const target = await place.start(tree);
    const images = target.images();
    const pids = target.pids();
    await dump({ pid: target.pid, images, engine });
    for (const pid of pids) await untilGone(pid);
    for (const phase of ['pre-restore', 'post-restore', 'pre-resume']) {
      for (const detach of [true, false]) {
        const aborting = new AbortController();
        const onProgress = (it: Progress): void => void (it.phase === phase && aborting.abort());
        const run = restore({ images, engine, onProgress, signal: aborting.signal, detach });
        expect((await failureOf(run)).code).toBe('ABORTED');
        for (const pid of pids) await untilGone(pid);
      }
    }
    const back = await restore({ images, engine, detach: true });
    place.track(back.pid);
    await target.advance();
  });

  test('CRIU is killed: the error says so, and the program runs on', async ({ place }) => {
    for (const phase of ['pre-dump', 'post-dump']) {
      const target = await place.start(counter);
      const images = target.images();
      const onProgress = (it: Progress): void => {
        if (it.phase === phase) process.kill(worker() as number, 'SIGKILL');
      };
      const failure = await failureOf(dump({ pid: target.pid, images, engine, onProgress }));
      expect(failure).toMatchObject({
        code: 'CRIU_FAILED',
        message: `CRIU cannot dump ${target.pid}: it was killed by SIGKILL`,
      });
      await until('nobody traces it', () => target.held().length === 0);
      await unharmed(target, images);
    }
  });

  test('CRIU is killed in a restore: nothing is left half restored', async ({ place }) => {
    const target = await place.start(tree);
    const images = target.images();
    const pids = target.pids();
    await dump({ pid: target.pid, images, engine });
    for (const pid of pids) await untilGone(pid);
    const killedAt = async (phase: string, detach: boolean): Promise<void> => {
      const onProgress = (it: Progress): void => {
        if (it.phase === phase) process.kill(worker() as number, 'SIGKILL');
      };
      expect(await failureOf(restore({ images, engine, onProgress, detach }))).toMatchObject({
        code: 'CRIU_FAILED',
        message: `CRIU cannot restore ${images}: it was killed by SIGKILL`,
      });
      for (const pid of pids) await untilGone(pid);
    };
    for (const phase of ['pre-restore', 'post-restore']) {
      for (const detach of [true, false]) await killedAt(phase, detach);
    }
    // Here they run for a moment, and what they write is not what was dumped: there is no other try.
    await killedAt('pre-resume', true);
  });

  test('a log that cannot be read', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    const workDirectory = place.fresh('logs');
    mkdirSync(join(workDirectory, 'dump.log'), { recursive: true });
    const by = criu({ bin: bin ?? undefined, options: { workDirectory } });
    const failure = await failureOf(dump({ pid: target.pid, images, engine: by }));
    expect(failure).toMatchObject({
      code: 'CRIU_FAILED',
      message: expect.stringContaining('its log cannot be read: EISDIR'),
      remedy: expect.stringContaining('work-directory'),
    });
    await unharmed(target, images);
  });
});

describe.skipIf(missing)(missing ?? 'a forced dump by CRIU', () => {
  /** A dump of a program that has ended, and files of the user beside it. */
  async function putOld(place: Place): Promise<{ old: Target; images: string }> {
    const old = await place.start(counter);
    const images = place.fresh('images');
    mkdirSync(images);
    writeFileSync(join(images, 'notes.txt'), 'mine');
    await dump({ pid: old.pid, images, engine });
    await untilGone(old.pid);
    return { old, images };
  }

  async function expectOld({ old, images }: { old: Target; images: string }): Promise<void> {
    expect(readdirSync(images)).toEqual(expect.arrayContaining([`core-${old.pid}.img`, 'inventory.img', 'notes.txt']));
    await restore({ images, engine, detach: true });
    await old.advance(3);
    expect(readdirSync(dirname(images)).filter((it) => it.includes('.criujs-'))).toEqual([]);
  }

  test.for(['a step that fails', 'the end of CRIU behind the commit'])(
    'that fails by %s leaves the old images, and its log',
    async (how, { place }) => {
      const kept = await putOld(place);
      const target = await place.start(counter);
      const by = criu({
        bin: bin ?? undefined,
        onStep({ script }) {
          if (script !== 'post-dump') return;
          // It does not hear our answer any more: the images are swapped in, and have to go again.
          if (how.startsWith('the end')) process.kill(worker() as number, 'SIGKILL');
          else throw new Error('on purpose');
        },
      });
      const { message } = await failureOf(dump({ pid: target.pid, images: kept.images, engine: by, force: true }));
      expect(message).toMatch(/on purpose|was killed by SIGKILL/);
      expect(target.held()).toEqual([]);
      await target.advance(3);
      expect(readFileSync(join(kept.images, 'dump.log'), 'utf8')).toContain(`${target.pid}`);
      await expectOld(kept);
    },
  );

  test('is one of two at once: the other meets its claim', async ({ place }) => {
    const targets = [await place.start(counter), await place.start(counter)];
    const images = place.fresh('images');
    const codes = await Promise.all(
      targets.map(({ pid }, at) =>
        dump({ pid, images, ...(at === 0 ? { engine } : {}) }).then(
          () => 'done',
          ({ code }: EngineError) => code,
        ),
      ),
    );
    expect(codes.toSorted()).toEqual([expect.stringMatching(/^IMAGES_(BUSY|EXIST)$/), 'done']);
    await targets[codes.indexOf('done') === 0 ? 1 : 0]?.advance(3);
  });

  /** A criujs that dumps over old images, ended by SIGKILL as soon as `reached` says so; a dump that is through by then is one, too. */
  async function killDump(
    target: Target,
    images: string,
    more: readonly string[],
    reached: () => boolean,
  ): Promise<void> {
    const command = join(root, 'packages/cli/bin/criujs.js');
    const args = [
      'dump',
      '-t',
      String(target.pid),
      '-D',
      images,
      '--force',
      '--engine',
      'criu',
      '--criu-bin',
      bin as string,
    ];
    const child = spawn(process.execPath, [command, ...args, ...more], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await until('the dump is where it is to be killed', () => reached() || child.exitCode !== null);
    child.kill('SIGKILL');
    await ended;
    await until('CRIU lets it go', () => target.held().length === 0);
  }

  test.for(['pre-dump', 'post-dump'])('whose criujs is killed at %s leaves the old images', async (step, { place }) => {
    const kept = await putOld(place);
    const target = await place.start(counter);
    const script = place.fresh('script');
    const there = place.fresh('there');
    const waiting = `: > ${there}; while [ -d /proc/$PPID ]; do sleep 0.05; done`;
    writeFileSync(script, `#!/bin/sh\nif [ "$CRTOOLS_SCRIPT_ACTION" = ${step} ]; then ${waiting}; fi\n`, {
      mode: 0o755,
    });
    await killDump(target, kept.images, ['--action-script', script], () => existsSync(there));
    await target.advance(3);
    await expectOld(kept);
    expect(readFileSync(join(kept.images, 'notes.txt'), 'utf8')).toBe('mine');
  });

  test('whose criujs is killed behind the commit leaves the new images, and the next run puts the rest right', async ({
    place,
  }) => {
    const kept = await putOld(place);
    const target = await place.start(counter);
    await killDump(target, kept.images, [], () => existsSync(join(kept.images, `core-${target.pid}.img`)));
    await untilGone(target.pid);
    // The user's files lie beside the old images until a run has the claim.
    await restore({ images: kept.images, engine, detach: true });
    await target.advance(3);
    expect(existsSync(join(dirname(kept.images), `.${basename(kept.images)}.criujs-staging`))).toBe(false);
    expect(readFileSync(join(kept.images, 'notes.txt'), 'utf8')).toBe('mine');
  });
});
