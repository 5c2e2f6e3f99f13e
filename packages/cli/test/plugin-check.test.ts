import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { run } from '../../core/test/harness/command.ts';
import { bin, criujsCommand, criujsFails, type EngineHow } from '../../core/test/harness/engines.ts';
import { isRoot } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { processesIn } from '../../core/test/harness/processes.ts';

// Packages in folders: nothing of them comes from a registry, which is out of reach here.

const manifest = {
  plugin: 'tape',
  apiVersion: 1,
  hooks: ['DUMP_EXT_FILE', 'RESTORE_EXT_FILE'],
  resources: { devices: [{ path: '/dev/tape*', major: 240 }] },
};

/** It takes devices of major 240, and opens what it took again. */
const well = `
import { openSync } from 'node:fs';
const dump = async ({ id, file }, { image }) => {
  if (file.rdev?.major !== 240) return Symbol.for('@criujs/not-supported');
  await image.writeJson('file-' + id, file.path);
};
const restore = async ({ id }, { image }) => openSync(await image.readJson('file-' + id), 'r+');
const hooks = [{ hook: 'DUMP_EXT_FILE', handler: dump }, { hook: 'RESTORE_EXT_FILE', handler: restore }];
export default { [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, name: 'tape', version: '1.0.0', hooks };`;

interface Desk {
  readonly how: EngineHow;
  /** Writes a package; its folder. */
  write(code: string, packageJson?: object): string;
  /** Where criujs makes its scratch folder. */
  readonly temporary: string;
}

function deskOf(place: Place): Desk {
  const temporary = place.fresh('tmp');
  const cwd = place.fresh('desk');
  for (const it of [temporary, cwd]) mkdirSync(it);
  const env = { TMPDIR: temporary, npm_config_registry: 'http://127.0.0.1:1/', npm_config_cache: place.fresh('npm') };
  return {
    temporary,
    how: { cwd, env: { ...env, SECRET_TOKEN: 'of-the-caller' } },
    write(code, packageJson = {}) {
      const folder = join(cwd, 'tape');
      mkdirSync(folder, { recursive: true });
      const all = { name: 'criu-plugin-tape', version: '1.2.0', type: 'module', exports: './index.js' };
      const fields = { keywords: ['criu-plugin'], criu: manifest, ...packageJson };
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...all, ...fields }));
      writeFileSync(join(folder, 'index.js'), code);
      return './tape';
    },
  };
}

/** The report, and nothing is left of it. */
async function check(desk: Desk, flags: readonly string[] = []): Promise<Report> {
  const { code, stdout, stderr } = await criujsCommand(['plugin', 'check', './tape', '--json', ...flags], desk.how);
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as Omit<Report, 'code' | 'of'>;
  expect(readdirSync(desk.temporary)).toEqual([]);
  const of = (name: string): unknown => report.findings.find((it) => it.name === name);
  return { ...report, code, of };
}

interface Report {
  readonly code: number | null;
  readonly ok: boolean;
  readonly findings: readonly { readonly name: string; readonly status: string; readonly why?: string }[];
  readonly badge: string;
  of(name: string): unknown;
}

// The folder of a test may be closed to nobody, and the checkout, too.
const lacking = isRoot && (await nobodyMayRead()) === false;

async function nobodyMayRead(): Promise<boolean> {
  return (await run([process.execPath, bin, '--version'], { asNobody: true })).code === 0;
}

describe.skipIf(lacking)('plugin check', () => {
  test('a plugin that behaves passes all, on what its manifest says that it takes', async ({ place }) => {
    const desk = deskOf(place);
    desk.write(well);
    const { code, ok, findings, badge } = await check(desk);
    expect(findings.filter((it) => it.status === 'failed')).toEqual([]);
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    const passed = findings.filter((it) => it.status === 'passed').map((it) => it.name);
    expect(passed).toEqual(['keyword', 'manifest', 'code', 'load', 'round-trip', 'decline', 'double-claim', 'failure']);
    const today = new Date().toISOString().slice(0, 10);
    expect(badge).toMatch(/^\[!\[criujs plugin check: 1\.2\.0, 8 of 11 passed, /);
    expect(badge).toContain(`8_of_11_passed%2C_${today.replaceAll('-', '--')}-brightgreen`);
    const text = await criujsCommand(['plugin', 'check', './tape'], desk.how);
    expect(text.stdout).toMatch(/^criu-plugin-tape 1\.2\.0 {2}plugin tape\n {2}✓ keyword\n/);
    const printed = await criujsCommand(['plugin', 'check', './tape', '--badge'], desk.how);
    expect(printed.stdout).toBe(`${badge}\n`);
    expect(printed.stderr).toContain('✓ round-trip');
  });

  test('what its package and its manifest say wrong', async ({ place }) => {
    const desk = deskOf(place);
    desk.write(well, { keywords: [], criu: { ...manifest, hooks: ['DUMP_EXT_FILE', 'PAUSE_DEVICES'] } });
    const first = await check(desk);
    expect(first).toMatchObject({ code: 4, ok: false });
    expect(first.of('keyword')).toMatchObject({ status: 'failed', why: expect.stringContaining('criu-plugin') });
    const differ = 'criu.hooks lacks RESTORE_EXT_FILE and has PAUSE_DEVICES, which the code does not register';
    expect(first.of('code')).toMatchObject({ status: 'failed', why: expect.stringContaining(differ) });
    expect(first.of('load')).toMatchObject({ status: 'failed', why: expect.stringContaining(differ) });
    expect(first.badge).toContain('-red');
    desk.write(well, { criu: { plugin: 'UPPER' } });
    expect((await check(desk)).of('manifest')).toMatchObject({
      status: 'failed',
      why: expect.stringContaining('criu.'),
    });
    desk.write(well, { criu: undefined });
    expect((await check(desk)).of('manifest')).toMatchObject({ status: 'skipped' });
  });

  test('what it does wrong', async ({ place }) => {
    const desk = deskOf(place);
    desk.write(well.replace('file.rdev?.major !== 240', 'false'));
    const { code, of } = await check(desk);
    expect(code).toBe(4);
    expect(of('decline')).toMatchObject({ status: 'failed' });
  });

  test('its code runs without rights, without the environment of the caller, and in a home of its own', async ({
    place,
  }) => {
    const desk = deskOf(place);
    const seen = place.fresh('seen');
    writeFileSync(seen, '', { mode: 0o666 });
    chmodSync(seen, 0o666);
    const look = `import { appendFileSync, readFileSync, readdirSync } from 'node:fs';
      const status = readFileSync('/proc/self/status', 'utf8');
      const seen = { uid: process.geteuid(), groups: process.getgroups(), caps: /CapEff:\\s*(\\S+)/.exec(status)[1],
        secret: process.env.SECRET_TOKEN ?? null, home: readdirSync(process.env.HOME), names: Object.keys(process.env) };
      appendFileSync(${JSON.stringify(seen)}, JSON.stringify(seen) + '\\n');`;
    desk.write(look + well);
    await check(desk);
    const [first] = readFileSync(seen, 'utf8').trim().split('\n');
    const told = JSON.parse(first ?? 'null');
    expect(told).toMatchObject({ caps: '0000000000000000', secret: null, home: [] });
    expect(told.uid).not.toBe(0);
    expect(told.groups).not.toContain(0);
    expect(told.names.toSorted()).toEqual(['CRIUJS_CHECK', 'HOME', 'LANG', 'PATH', 'TMPDIR']);
  });

  test('scripts of the package are not run', async ({ place }) => {
    const desk = deskOf(place);
    const mark = place.fresh('it-ran');
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepack', 'prepare'].map((it) => [it, `touch ${mark}`]),
    );
    desk.write(well, { scripts });
    expect((await check(desk)).code).toBe(0);
    expect(existsSync(mark)).toBe(false);
  });

  test('one that hangs, one that ends the process, and what one leaves going on, are ended', async ({ place }) => {
    const desk = deskOf(place);
    desk.write(`${well}\nfor (;;);`);
    const hung = await check(desk, ['--timeout', '5']);
    expect(hung.code).toBe(4);
    expect(hung.of('load')).toMatchObject({ status: 'failed', why: 'it was not done after 5 s' });
    desk.write(`process.kill(process.pid, 'SIGKILL');${well}`);
    expect((await check(desk)).of('load')).toMatchObject({ status: 'failed' });
    const folder = place.fresh('daemon');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const daemon = `import { spawn } from 'node:child_process';
      spawn('sleep', ['1000'], { cwd: ${JSON.stringify(folder)}, detached: true, stdio: 'ignore' }).unref();`;
    desk.write(daemon + well);
    expect((await check(desk)).code).toBe(0);
    await expect.poll(() => processesIn(folder)).toEqual([]);
  });

  test('text of the package cannot move the cursor', async ({ place }) => {
    const desk = deskOf(place);
    desk.write(`throw new Error('\\x1b[2J\\x1b]0;title\\x07');`, { version: '1.2.0' });
    const { code, stdout } = await criujsCommand(['plugin', 'check', './tape'], desk.how);
    expect(code).toBe(4);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(stdout).not.toMatch(/[\x07\x1b]/);
  });
});

describe('what cannot be done is told', () => {
  test('names and paths that are none', async ({ place }) => {
    const { how } = deskOf(place);
    for (const wanted of ['./nowhere', 'a b', 'https://x.invalid/a.tgz', 'git+ssh://x.invalid/y', '@us/'])
      expect(await criujsFails(['plugin', 'check', wanted], how)).toMatchObject({ code: 'USAGE', exitCode: 2 });
    for (const wanted of ['./x', 'a b', 'x@git+https://x.invalid/y.git', 'x@-1'])
      expect(await criujsFails(['plugin', 'add', wanted], how)).toMatchObject({ code: 'USAGE' });
  });

  test('a registry that is down', async ({ place }) => {
    const { how } = deskOf(place);
    const cwd = how.cwd ?? '';
    writeFileSync(join(cwd, 'package.json'), '{ "private": true }');
    for (const args of [
      ['search', 'gpu'],
      ['add', 'criu-plugin-gpu'],
      ['check', 'criu-plugin-gpu'],
    ]) {
      const failure = await criujsFails(['plugin', ...args], how);
      expect(failure).toMatchObject({
        code: 'REGISTRY_FAILED',
        exitCode: 1,
        remedy: expect.stringContaining('npm ping'),
      });
      expect(failure.message).toContain('ECONNREFUSED');
    }
    expect(readFileSync(join(cwd, 'package.json'), 'utf8')).toBe('{ "private": true }');
  });

  test('no npm in PATH, no project, and a criujs that is not installed globally', async ({ place }) => {
    const { how } = deskOf(place);
    const cwd = how.cwd ?? '';
    const noNpm = { cwd, env: { ...how.env, PATH: cwd } };
    expect(await criujsFails(['plugin', 'search'], noNpm)).toMatchObject({
      code: 'INSTALLER_MISSING',
      remedy: 'Install npm: it comes with Node.',
    });
    expect(await criujsFails(['plugin', 'add', 'criu-plugin-gpu'], how)).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('no package.json'),
      remedy: expect.stringContaining('npm init'),
    });
    expect(await criujsFails(['plugin', 'add', 'criu-plugin-gpu', '--global'], how)).toMatchObject({ code: 'USAGE' });
    expect(await criujsFails(['plugin', 'add', 'x', '--global', '--system'], how)).toMatchObject({ code: 'USAGE' });
  });
});
