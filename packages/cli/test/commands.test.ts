import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { runWell } from '../../core/test/harness/command.ts';
import { criujs, criujsCommand } from '../../core/test/harness/engines.ts';
import { isRoot, root } from '../../core/test/harness/machine.ts';
import { test } from '../../core/test/harness/place.ts';
import { proc, runs, untilGone } from '../../core/test/harness/processes.ts';
import { nodeCounter, shCounter } from '../../core/test/harness/programs.ts';
import { unknownFile } from '../../core/test/harness/unknown-file.ts';
import { until } from '../../core/test/harness/wait.ts';

const bin = join(root, 'packages/cli/bin/criujs.js');
const newPids = isRoot ? [] : ['--new-pids'];

describe('help', () => {
  test('every command has one with examples, and the exit codes are listed', async () => {
    for (const command of ['dump', 'restore', 'plan', 'show', 'plugin', 'run', 'check']) {
      const { code, stdout } = await criujsCommand(['help', command]);
      expect(code).toBe(0);
      expect(stdout).toContain(`Usage: criujs ${command}`);
      expect(stdout).toContain('Examples:');
      expect(stdout).not.toContain('(default: false)');
    }
    const { stdout } = await criujsCommand(['--help']);
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 70, 130]) expect(stdout).toMatch(new RegExp(`^ +${code}  `, 'm'));
  });

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8'));
    expect((await criujsCommand(['--version'])).stdout).toBe(`${version}\n`);
  });
});

describe('check', () => {
  test('says in words and in JSON what can be done', async () => {
    const words = await criujsCommand(['check', '-v']);
    expect(words.stdout).toContain('dump your own processes');
    const { code, stdout } = await criujsCommand(['check', '--json']);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      ok: true,
      command: 'check',
      dump: expect.any(Boolean),
      samePids: expect.any(Boolean),
    });
    expect(code).toBe(result.dump ? 0 : 6);
    for (const row of result.rows) expect(row.state === 'ok' || row.remedy, row.id).toBeTruthy();
  });

  test.skipIf(!isRoot)('an ordinary user can dump, and restore with new pids only', async () => {
    const { stdout } = await criujsCommand(['check', '--json'], { asNobody: true });
    expect(JSON.parse(stdout)).toMatchObject({ dump: true, restore: true, samePids: false });
  });

  /** One row of `check`, in what `command` makes around it. */
  const row = (id: string, command: readonly string[], env: Record<string, string> = {}): object => {
    const given = [...command.slice(1), process.execPath, bin, 'check', '--json'];
    // What is missing gives another exit code.
    const { stdout } = spawnSync(command[0] ?? '', given, { encoding: 'utf8', env: { ...process.env, ...env } });
    const { rows } = JSON.parse(stdout) as { rows: ({ id: string } & object)[] };
    return rows.find((it) => it.id === id) ?? {};
  };
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const says = (state: string, detail: RegExp): object => ({ state, detail: expect.stringMatching(detail) });

  test.skipIf(!isRoot)('who runs it, and what of that holds for homes and images (root)', async ({ place }) => {
    const home = place.directory;
    expect(row('user', ['env'], { SUDO_UID: '4321' })).toMatchObject(says('ok', /^root, called by user 4321/));
    expect(row('user', nobody)).toMatchObject(says('ok', /^user 65534/));
    expect(row('user', ['unshare', '--user', '--map-root-user'])).toMatchObject(
      says('limited', /^root of a user name/),
    );
    expect(row('images_of_others', ['env'])).toMatchObject(says('ok', /rights of their owner/));
    expect(row('images_of_others', nobody)).toMatchObject(says('limited', /are refused/));
    const bare = ['setpriv', '--bounding-set=-setuid', '--inh-caps=-setuid'];
    expect(row('images_of_others', bare)).toMatchObject(says('limited', /without CAP_SETUID/));
    chownSync(home, 54_321, 54_321);
    expect(row('home', ['env'], { HOME: home })).toMatchObject(
      says('limited', /user 54321 owns .*nothing built there/),
    );
    chownSync(home, 0, 0);
    expect(row('home', ['env'], { HOME: home })).toMatchObject(says('ok', /are kept in/));
    expect(row('home', nobody, { HOME: home })).toMatchObject(says('limited', /may not write/));
  });

  test.skipIf(!isRoot)('whether /proc is that of the processes it can name (root)', () => {
    const apart = ['unshare', '--pid', '--fork'];
    expect(row('proc', [...apart, '--mount-proc'])).toMatchObject(says('limited', /^this is a pid namespace/));
    expect(row('proc', apart)).toMatchObject(says('missing', /belongs to another pid namespace/));
  });
});

describe('plan', () => {
  test('tells the takers, and changes nothing', async ({ place }) => {
    const target = await place.start(shCounter);
    const [before] = target.identities();
    const { code, stdout } = await criujsCommand(['plan', '-t', `${target.pid}`, '--json']);
    expect(code).toBe(0);
    const { possible, rows } = JSON.parse(stdout);
    expect(possible).toBe(true);
    expect(rows).toContainEqual(expect.objectContaining({ pid: target.pid, taker: { engine: 'regular file' } }));
    expect(target.identities()[0]).toBe(before);
    expect(target.held()).toEqual([]);
  });

  test('off a terminal is plain text, and its exit code says what a dump would meet', async ({ place }) => {
    const target = await place.start(shCounter);
    const ready = await criujsCommand(['plan', '-t', `${target.pid}`]);
    expect(ready.code).toBe(0);
    expect(ready.stdout).toMatch(
      new RegExp(`^✓ ${target.pid} \\(sh\\) descriptors 1,2: .*/output — regular file$`, 'm'),
    );
    expect(ready.stdout).toMatch(/^Nothing is refused: \d+ resources have a taker \(exit code 0\)\.$/m);
    expect(ready.stdout + ready.stderr).not.toContain('\x1b');

    const unknown = unknownFile();
    const holder = spawn('sleep', ['1000'], { stdio: [...Array<'ignore'>(7).fill('ignore'), unknown] });
    closeSync(unknown);
    try {
      await until('it sleeps', () => proc(holder.pid ?? 0, 'comm') === 'sleep\n');
      const plan = (...names: string[]): ReturnType<typeof criujsCommand> => {
        const plugins = names.flatMap((name) => {
          const path = join(target.directory, `${name}.mjs`);
          writeFileSync(path, claimingPlugin(name));
          return ['-p', path];
        });
        return criujsCommand(['plan', '-t', `${holder.pid}`, ...plugins]);
      };
      const refused = await plan();
      expect(refused.code).toBe(3);
      expect(refused.stdout).toMatch(
        /^✗ \d+ \(sleep\) descriptor 7: page fault handler \(userfaultfd\) — nobody\n {4}.*\n {4}→ .*--plugin NAME/m,
      );
      const claimed = await plan('one');
      expect(claimed.code).toBe(0);
      expect(claimed.stdout).toMatch(/descriptor 7: page fault handler .* — plugin one$/m);
      const conflict = await plan('one', 'two');
      expect(conflict.code).toBe(4);
      expect(conflict.stdout).toMatch(/descriptor 7: page fault handler .* — plugins one, two$/m);
    } finally {
      const ended = once(holder, 'exit');
      holder.kill('SIGKILL');
      await ended;
    }
  });
});

/** Claims everything. It imports the SDK's brand by its symbol. */
const claimingPlugin = (name: string): string => `
export default {
  [Symbol.for('@criujs/plugin')]: true,
  apiVersion: 1,
  name: '${name}',
  hooks: [{ hook: 'DUMP_EXT_FILE', handler() { throw new Error('a plan calls no hook'); }, claim: () => true }],
};`;

describe('dump', () => {
  test('says in JSON what it did', async ({ place }) => {
    const target = await place.start(shCounter);
    const { stdout } = await criujsCommand([
      'dump',
      '-t',
      `${target.pid}`,
      '-D',
      place.fresh('images'),
      '-R',
      '--json',
    ]);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      ok: true,
      command: 'dump',
      pid: target.pid,
      leftRunning: true,
      plugins: [],
      warnings: [],
    });
    // A sleep comes and goes.
    expect([1, 2]).toContain(result.processes);
    expect(result.threads).toBe(result.processes);
    expect(result.bytes).toBeGreaterThan(4096);
    expect(result.frozenMs).toBeLessThanOrEqual(result.totalMs);
  });

  test('off a terminal there is neither colour nor spinner', async ({ place }) => {
    const target = await place.start(shCounter);
    const { stdout, stderr } = await criujsCommand(['dump', '-t', `${target.pid}`, '-D', place.fresh('images'), '-R']);
    expect(stdout).toMatch(new RegExp(`^dumped ${target.pid} to .*process.* of memory`));
    expect(stdout + stderr).not.toContain('\x1b');
  });

  test('SIGTERM ends it with 143, and the target runs on', async ({ place }) => {
    const target = await place.start(shCounter);
    const plugin = join(target.directory, 'slow.mjs');
    writeFileSync(plugin, slowPlugin);
    const images = place.fresh('images');
    const child = spawn(process.execPath, [bin, 'dump', '-t', `${target.pid}`, '-D', images, '-p', plugin], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.setEncoding('utf8');
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    await until('the plugin is asked', () => said.includes('waiting'));
    child.kill('SIGTERM');
    const [code] = await once(child, 'close');
    expect(code, said).toBe(143);
    expect(said).toContain('aborted');
    await target.advance();
    expect(target.held()).toEqual([]);
  });
});

/** Says that it waits, and then does, while the engine has the tree frozen. It imports the SDK's brand by its symbol. */
const slowPlugin = `
export default {
  [Symbol.for('@criujs/plugin')]: true,
  apiVersion: 1,
  name: 'slow',
  hooks: [{ hook: 'CHECKPOINT_DEVICES', handler: async (_, context) => {
    context.log.info('waiting');
    await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
  } }],
};`;

describe('restore in the foreground', () => {
  test('the root is our child: it gets our signals, and its end is ours', async ({ place }) => {
    const target = await place.start(nodeCounter);
    const images = place.fresh('images');
    await criujs.dump(target.pid, images);
    await untilGone(target.pid);
    const pidfile = place.fresh('pid');
    const child = spawn(process.execPath, [bin, 'restore', '-D', images, '--pidfile', pidfile, ...newPids], {
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    target.pid = await until('the pid file is written', () => {
      try {
        return Number(readFileSync(pidfile, 'utf8'));
      } catch {
        return null;
      }
    });
    place.track(target.pid);
    await target.advance();
    expect(proc(target.pid, 'status')).toContain(`PPid:\t${child.pid}\n`);
    child.kill('SIGTERM');
    const [code] = await ended;
    expect(code).toBe(128 + 15);
    expect(runs(target.pid)).toBe(false);
  });

  test('the exit code of the root becomes ours', async ({ place }) => {
    const script = place.fresh('script');
    const go = place.fresh('go');
    // A loop of builtins only: a tree of one process.
    writeFileSync(script, `#!/bin/sh\nuntil [ -e "$1" ]; do :; done\nexit 42\n`);
    chmodSync(script, 0o755);
    const stdout = await runWell([
      '/bin/sh',
      '-c',
      'setsid "$@" </dev/null >/dev/null 2>&1 & echo $!',
      'sh',
      script,
      go,
    ]);
    const pid = Number(stdout);
    place.track(pid);
    const images = place.fresh('images');
    await criujs.dump(pid, images);
    await untilGone(pid);
    const child = spawn(process.execPath, [bin, 'restore', '-D', images, '--json', ...newPids], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const restored = JSON.parse(line.toString());
    place.track(restored.pid);
    expect(restored).toMatchObject({ ok: true, command: 'restore', detached: false, pids: { [pid]: restored.pid } });
    writeFileSync(go, '');
    const [code] = await ended;
    expect(code).toBe(42);
  });
});

describe('run', () => {
  test('hands down the standard streams as they were', async () => {
    const look = 'cat /proc/self/fdinfo/0 | grep flags; cat /proc/self/fdinfo/1 2>&1 | grep flags';
    const flags = async (...command: string[]) =>
      runWell(['sh', '-c', `echo | "$@" | cat`, 'sh', ...command, 'sh', '-c', look]);
    expect(await flags(process.execPath, bin, 'run', '--')).toBe(await flags('env'));
  });

  test('becomes the program: its arguments, environment and exit code', async ({ place }) => {
    const words = ['run', '--', 'sh', '-c', 'echo "$1 $GREETING $PWD"; exit 9', 'sh', '--json'];
    const { code, stdout } = await criujsCommand(words, { env: { GREETING: 'hello' }, cwd: place.directory });
    expect({ code, stdout }).toEqual({ code: 9, stdout: `--json hello ${place.directory}\n` });
  });

  test('leaves nothing of Node behind: no signal is ignored or caught', async () => {
    const { stdout } = await criujsCommand(['run', 'cat', '/proc/self/status']);
    expect(stdout).toMatch(/^SigIgn:\t0+$/m);
    expect(stdout).toMatch(/^SigCgt:\t0+$/m);
    expect(stdout).toMatch(/^Threads:\t1$/m);
  });

  test('hands down the descriptors that it was given, and none of its own', async () => {
    const list = async (...command: string[]) =>
      (await runWell(['sh', '-c', 'exec "$@" 7</dev/zero', 'sh', ...command, 'ls', '/proc/self/fd'])).split('\n');
    const plain = await list();
    expect(plain).toContain('7');
    expect(await list(process.execPath, bin, 'run', '--')).toEqual(plain);
  });

  test('a script without #! is run by sh', async ({ place }) => {
    const script = place.fresh('script');
    writeFileSync(script, 'echo "plain $1"; exit 3\n');
    chmodSync(script, 0o755);
    expect(await criujsCommand(['run', '--', script, 'word'])).toMatchObject({ code: 3, stdout: 'plain word\n' });
  });

  test('what cannot be started: 127 and 126, as in shells', async ({ place }) => {
    expect(await criujsCommand(['run', '--', 'no-such-command-here'])).toMatchObject({
      code: 127,
      stderr: expect.stringContaining('→'),
    });
    expect(await criujsCommand(['run', '--', place.directory])).toMatchObject({
      code: 126,
      stderr: expect.stringContaining('EACCES'),
    });
    expect((await criujsCommand(['run', '--', '/nowhere/at/all'])).code).toBe(127);
  });

  test('signals go to the program itself', async () => {
    const child = spawn(
      process.execPath,
      [bin, 'run', '--', 'sh', '-c', 'trap "exit 5" USR1; echo ready; while :; do :; done'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    child.kill('SIGUSR1');
    const [code] = await once(child, 'exit');
    expect(code).toBe(5);
  });
});

describe('criu.config.ts', () => {
  test('gives plugins and options, and imports defineConfig', async ({ place }) => {
    const target = await place.start(shCounter);
    writeFileSync(join(place.directory, 'plugin.ts'), configuredPlugin);
    const config = `import { defineConfig } from '@criujs/core';\nexport default defineConfig({ plugins: ['./plugin.ts'], pluginOptions: { configured: { word: 'from the file' } } });\n`;
    writeFileSync(join(place.directory, 'criu.config.ts'), config);
    const dump = (...more: string[]) =>
      criujsCommand(['dump', '-t', `${target.pid}`, '-D', place.fresh('images'), '-R', ...more], {
        cwd: place.directory,
      });
    expect((await dump()).stderr).toContain('configured: from the file');
    expect((await dump('--plugin-option', 'configured.word=from the command line')).stderr).toContain(
      'configured: from the command line',
    );
    expect((await dump('--no-config')).stderr).not.toContain('configured');
  });
});

const configuredPlugin = `
const plugin: Record<PropertyKey, unknown> = {
  [Symbol.for('@criujs/plugin')]: true,
  apiVersion: 1,
  name: 'configured',
  init: (_stage: string, context: { options: { word: string }; log: { info(text: string): void } }) => context.log.info(context.options.word),
  hooks: [],
};
export default plugin;`;
