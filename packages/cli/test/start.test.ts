import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { criujsCommand } from '../../core/test/harness/engines.ts';
import { isRoot } from '../../core/test/harness/machine.ts';
import { test } from '../../core/test/harness/place.ts';
import { untilGone } from '../../core/test/harness/processes.ts';
import { counter } from '../../core/test/harness/programs.ts';

// How the command starts: the engine's thread before the arguments are read, and compiled code that an earlier run kept.

const newPids = isRoot ? [] : ['--new-pids'];

/** What kept code is of, without what tells one version from another. */
const kept = (folder: string): string[] =>
  readdirSync(folder)
    .map((name) => name.split('-').slice(0, 2).join(' '))
    .toSorted();

describe.skipIf(counter.missing !== null)('compiled code', () => {
  test('is kept by the first run and taken by those that follow, which do the same', async ({ place }) => {
    const env = { XDG_CACHE_HOME: place.fresh('cache') };
    const folder = join(env.XDG_CACHE_HOME, 'criujs/code');
    const target = await place.start(counter);
    const dump = (images: string): ReturnType<typeof criujsCommand> =>
      criujsCommand(['dump', '-t', `${target.pid}`, '-D', images, '-R', '--json'], { env });
    for (let times = 0; times < 3; times++) {
      const { code, stdout, stderr } = await dump(place.fresh('images'));
      expect({ code, stderr, ok: JSON.parse(stdout).ok }).toEqual({ code: 0, stderr: '', ok: true });
      expect(kept(folder)).toEqual(['command dump', 'engine dump']);
    }

    // Cut short, as by a full disk.
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      writeFileSync(path, readFileSync(path).subarray(0, 1000));
    }
    const images = place.fresh('images');
    const last = ['dump', '-t', `${target.pid}`, '-D', images];
    expect(await criujsCommand(last, { env })).toMatchObject({ code: 0, stderr: '' });
    for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name)).length).toBeGreaterThan(1000);
    await untilGone(target.pid);
    const args = ['restore', '-D', images, '--detach', '--json', ...newPids];
    const { code, stdout, stderr } = await criujsCommand(args, { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    place.track(JSON.parse(stdout).pid);
    expect(kept(folder)).toEqual(['command dump', 'command restore', 'engine dump', 'engine restore']);
    await target.advance();
  });

  test('is never kept in, nor taken from, a folder that others may write', async ({ place }) => {
    const shared = place.fresh('shared');
    mkdirSync(join(shared, 'criujs/code'), { recursive: true });
    chmodSync(shared, 0o777);
    const target = await place.start(counter);
    const args = ['dump', '-t', `${target.pid}`, '-D', place.fresh('images'), '-R'];
    const ended = await criujsCommand(args, { env: { XDG_CACHE_HOME: shared, HOME: shared } });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(join(shared, 'criujs/code'))).toEqual([]);
    expect(readdirSync(shared)).toEqual(['criujs']);
  });
});

describe('a thread that was started for nothing', () => {
  test.each([
    [['dump'], 2, "required option '-t, --tree <pid>' not specified"],
    [['dump', '-t', '1', '-D', '/nonexistent', '--bogus'], 2, "unknown option '--bogus'"],
    [['dump', '-t', 'x', '-D', '/nonexistent'], 2, '--tree x'],
    [['restore'], 2, "required option '-D, --images-dir <directory>' not specified"],
    [['restore', '-D', '/nonexistent/images'], 5, '/nonexistent/images'],
    [['dump', '-t', '4194303', '-D', '/nonexistent'], 7, 'no process has the pid 4194303'],
  ])('changes nothing of how %j ends', async (args, code, words) => {
    for (let times = 0; times < 3; times++) {
      const ended = await criujsCommand(args);
      expect(ended).toMatchObject({ code, signal: null, stdout: '' });
      expect(ended.stderr).toContain(words);
    }
    const { stdout, stderr } = await criujsCommand([...args, '--json']);
    expect(JSON.parse(stdout).error.message).toContain(words);
    expect(stderr).toBe('');
  });

  test('nor of a help', async () => {
    const { code, stdout, stderr } = await criujsCommand(['dump', '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: criujs dump');
  });
});

const listening = `
import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(process.env.SAID, 'heard'));
export default { [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, name: 'listening', hooks: [] };
`;

describe.skipIf(counter.missing !== null)('the way out', () => {
  test('is Node’s own where a plugin may listen to it', async ({ place }) => {
    const target = await place.start(counter);
    const [plugin, said] = [join(target.directory, 'listening.mjs'), place.fresh('said')];
    writeFileSync(plugin, listening);
    const args = ['dump', '-t', `${target.pid}`, '-D', place.fresh('images'), '-R', '-p', plugin];
    expect(await criujsCommand(args, { env: { SAID: said } })).toMatchObject({ code: 0 });
    expect(readFileSync(said, 'utf8')).toBe('heard');
  });
});
