import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run, runWell } from '../../../packages/core/test/harness/command.ts';
import { root } from '../../../packages/core/test/harness/machine.ts';
import { until } from '../../../packages/core/test/harness/wait.ts';

const pool = fileURLToPath(new URL('../pool/', import.meta.url));
const criujs = join(root, 'node_modules', '.bin', 'criujs');
const inPool = (name: string): string => join(pool, name);
const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('criujs-demo-pool-'));

test('the application saves itself and goes on in another process', async () => {
  const before = leftovers();
  const { code, stdout, stderr } = await run([process.execPath, inPool('main.js')]);
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toContain('none lost, none twice');
  expect(stdout).toContain('11 lines, now 21, in order');
  expect(stdout).not.toContain('✗');
  expect(leftovers()).toEqual(before);
});

test('neither it nor the host needs more than Node: no koffi anywhere', () => {
  const { files, packages } = graphOf(['main.js', 'app.js', 'service.js', 'plugin.ts'].map(inPool));
  expect(files.map((it) => basename(it))).toEqual(
    expect.arrayContaining(['engine.js', 'host.js', 'directory-sections.js']),
  );
  expect([...packages].sort()).toEqual(['@criujs/plugin-host', '@criujs/plugin-sdk', 'jiti']);
  expect(files.filter((it) => it.endsWith('.node') || readFileSync(it, 'utf8').includes('koffi'))).toEqual([]);
});

/** What the test takes of ../machine.js. */
interface Machine {
  closeLeakedDescriptors(): void;
  endProcess(pid: number): Promise<void>;
  isAlive(pid: number): boolean;
  startProgram(
    command: readonly string[],
    service: string,
    cwd: string,
    env: NodeJS.ProcessEnv,
  ): Promise<{ pid: number; ended: Promise<unknown> }>;
}

const onLinux = process.platform === 'linux';
const { closeLeakedDescriptors, endProcess, isAlive, startProgram }: Machine = await import(
  new URL('../machine.js', import.meta.url).href
);

test.skipIf(!onLinux)('the same plugin, unchanged, serves criujs', async () => {
  closeLeakedDescriptors();
  const address = join(folder, 'sessions.sock');
  const database = await startDatabase(address);
  const done = join(folder, 'done');
  const { samePids, rows } = JSON.parse(await runWell([criujs, 'check', '--json'])) as Check;
  // Where Yama forbids tracing a program that is not our child, it has to be started with `criujs run`.
  const yama = rows.some(({ id, state }) => id === 'yama' && state === 'limited');
  const command = [...(yama ? [criujs, 'run', '--'] : []), '/bin/sh', inPool('worker.sh'), done];
  const program = await startProgram(command, address, folder, process.env);
  started.push(program.pid);
  const rowsInTransaction = async (): Promise<number> => (await database()).open[0] ?? 0;
  await until('the program puts rows', async () => (await rowsInTransaction()) > 5);

  const images = join(folder, 'images');
  const plugin = ['-D', images, '--plugin', inPool('plugin.ts')];
  await runWell([criujs, 'dump', '-t', `${program.pid}`, ...plugin], { cwd: folder });
  await program.ended;
  started.length = 0;
  await until('its session is gone', async () => (await database()).open.length === 0);
  expect(await database()).toEqual({ table: [], open: [], saved: 1 });

  const pidfile = join(folder, 'pid');
  const pids = samePids ? [] : ['--new-pids'];
  await runWell([criujs, 'restore', ...plugin, ...pids, '--detach', '--pidfile', pidfile], { cwd: folder });
  const pid = Number(readFileSync(pidfile, 'utf8'));
  started.push(pid);
  const atRestore = await rowsInTransaction();
  await until('it goes on', async () => (await rowsInTransaction()) > atRestore + 5);
  writeFileSync(done, '');
  await until('it commits and ends', () => !isAlive(pid));
  started.length = 0;
  const { table } = await database();
  expect(table.length).toBeGreaterThan(10);
  expect(table).toEqual(table.map((_, at) => `${at + 1}`));
});

let folder = '';
const started: number[] = [];
const databases: ChildProcess[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-test-pool-')));
});

afterEach(async () => {
  for (const pid of started.splice(0)) await endProcess(pid);
  for (const it of databases.splice(0)) {
    it.disconnect();
    await once(it, 'exit');
  }
  rmSync(folder, { recursive: true });
});

interface Check {
  readonly samePids: boolean;
  readonly rows: readonly { readonly id: string; readonly state: string }[];
}

interface DatabaseStatus {
  readonly table: readonly string[];
  readonly open: readonly (number | null)[];
  readonly saved: number;
}

/** Starts the service, and gives what asks it how it is. */
async function startDatabase(address: string): Promise<() => Promise<DatabaseStatus>> {
  const child = fork(inPool('service.js'), [address]);
  databases.push(child);
  await once(child, 'message');
  return async () => {
    child.send({});
    const [status] = (await once(child, 'message')) as [DatabaseStatus];
    return status;
  };
}

/** Everything that these modules import, as Node resolves it for one who installed the packages. */
function graphOf(entries: readonly string[]): { files: string[]; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    // A bundle without dependencies, whose text deceives a scanner of imports.
    if (file.includes('/jiti/')) continue;
    const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
    for (const { fileName } of importedFiles) {
      if (isBuiltin(fileName)) continue;
      if (!fileName.startsWith('.')) packages.add(fileName.split('/', fileName.startsWith('@') ? 2 : 1).join('/'));
      waiting.push(resolveFrom(file, fileName));
    }
  }
  return { files: [...files], packages };
}

function resolveFrom(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return join(dirname(file), specifier);
  return fileURLToPath(import.meta.resolve(specifier, pathToFileURL(file).href));
}
