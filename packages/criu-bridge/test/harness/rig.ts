import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRecords, encodeRecords, type LogEntry, type Records } from '@criujs/engine-kit';
import { createPluginHost, type PluginHost } from '@criujs/plugin-host';
import { type CriuError, definePlugin, hook, notSupported, type Outcome, type Plugin } from '@criujs/plugin-sdk';
import { buildNative } from '@criujs/wire';
import { test as base } from 'vitest';
import { criu } from '../../../core/test/harness/machine.ts';
import { endNow, identity, processesIn, runs, treeOf, untilGone } from '../../../core/test/harness/processes.ts';
import { until } from '../../../core/test/harness/wait.ts';
import { type BridgeServer, openServer } from '../../src/server/open-server.ts';

// CRIU itself is driven here by its command line: these tests are about hooks, not about the driver.

/** A program of test/native/holder.c that holds what only plugins know. */
export interface Holder {
  /** Its pid, and what it had found in itself at its start. */
  readonly pid: number;
  readonly before: string;
  /** Asks it again: what it finds in itself now. */
  tell(pid?: number): Promise<string>;
  kill(): Promise<void>;
}

export interface RunOptions {
  readonly plugins: readonly Plugin[];
  readonly deadline?: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly nativePlugins?: readonly string[];
  /** Makes something else of what CRIU is told about the way to its plugins. */
  /** Instead of the rig's own. */
  readonly images?: string;
  readonly spoil?: (environment: string) => string;
  /** Looks at CRIU while it runs. */
  readonly during?: (criu: ChildProcess, server: BridgeServer) => Promise<void> | void;
}

/** How a run of CRIU ended. */
export interface Run {
  readonly code: number | null;
  /** The root of what was restored. */
  readonly pid?: number;
  /** What CRIU wrote to its log. */
  readonly log: string;
  readonly failures: readonly CriuError[];
  readonly exitErrors: readonly CriuError[];
  readonly records: Records;
  readonly claimed: readonly string[];
  readonly logs: readonly LogEntry[];
}

export interface Rig {
  readonly directory: string;
  readonly images: string;
  /** The root of what `startJailed` starts. */
  readonly jail: string;
  start(args: readonly string[]): Promise<Holder>;
  /** In namespaces of its own (test/native/jail.c), with what is bound there from outside. */
  startJailed(args: readonly string[], how: Jail): Promise<Holder>;
  dump(pid: number, options: RunOptions): Promise<Run>;
  restore(options: RunOptions): Promise<Run>;
  /** Called when the processes of the test have ended. */
  atEnd(body: () => void): void;
  /** Processes that a restore made: they end with the test. */
  track(pid: number): void;
}

/** New pid, mount, net, uts and ipc namespaces. */
export interface Jail {
  /** And a user namespace, whose root is user 100000 outside. */
  readonly user: boolean;
  /** Paths outside by paths inside. */
  readonly binds: Readonly<Record<string, string>>;
}

const holderSource = new URL('../native/holder.c', import.meta.url);
const jailSource = new URL('../native/jail.c', import.meta.url);

/** Where the program of a jail reports; it is the first process of its pid namespace. */
const jailedReport = '/report';

function buildHolder(): Promise<string> {
  return buildNative({ source: holderSource, kind: 'program', flags: ['-static-pie'] });
}

async function startJailed(rig: Rig, args: readonly string[], jail: Jail): Promise<Holder> {
  const jailer = await buildNative({ source: jailSource, kind: 'program' });
  const file = join(rig.directory, 'holder');
  copyFileSync(await buildHolder(), file);
  // Its root's owner must be able to walk there.
  chmodSync(rig.directory, 0o755);
  const root = rig.jail;
  mkdirSync(root, { mode: 0o755 });
  if (jail.user) chownSync(root, 100_000, 100_000);
  const binds = Object.entries(jail.binds).flatMap(([inside, outside]) => [outside, inside]);
  const words = [root, jail.user ? 'user' : 'plain', file, ...binds, '--', jailedReport, ...args];
  const pid = await startDetached(rig, [jailer, ...words]);
  return holderOf(rig, pid, () => join(root, `${jailedReport}.1`));
}

async function startHolder(rig: Rig, args: readonly string[], count: number): Promise<Holder> {
  const base = join(rig.directory, `report-${count}`);
  // Not a child of ours: the event loop must not reap what CRIU restores.
  const launch = 'setsid "$@" </dev/null >/dev/null 2>&1 & echo $!';
  const pid = await startDetached(rig, ['sh', '-c', launch, 'sh', await buildHolder(), base, ...args]);
  return holderOf(rig, pid, (of) => `${base}.${of}`);
}

/** Runs a command that starts a program and says its pid. */
async function startDetached(rig: Rig, [file = '', ...args]: readonly string[]): Promise<number> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${file} ended with ${code}`);
  rig.track(Number(said));
  return Number(said);
}

async function holderOf(rig: Rig, pid: number, report: (pid: number) => string): Promise<Holder> {
  const read = (of: number): Promise<string> =>
    until(`process ${of} reports`, () => existsSync(report(of)) && readFileSync(report(of), 'utf8'));
  return {
    pid,
    before: await read(pid),
    async tell(of = pid) {
      rig.track(of);
      rmSync(report(of), { force: true });
      process.kill(of, 'SIGUSR1');
      return read(of);
    },
    kill: () => endAll(treeOf(pid)),
  };
}

async function endAll(pids: readonly number[]): Promise<void> {
  const known = pids.map((pid) => ({ pid, who: identity(pid) }));
  for (const { pid, who } of known) if (who !== null && identity(pid) === who) endNow(pid);
  for (const { pid, who } of known) await until(`process ${pid} ends`, () => identity(pid) !== who || !runs(pid));
}

interface Work extends RunOptions {
  readonly stage: 'dump' | 'restore';
  readonly images: string;
  readonly records: Records | null;
  readonly criuArgs: readonly string[];
}

async function runCriu(work: Work): Promise<Run> {
  const {
    plugins,
    deadline = 10_000,
    stage,
    images,
    records,
    args = [],
    env = {},
    nativePlugins,
    spoil = (it) => it,
  } = work;
  const logs: LogEntry[] = [];
  const onLog = (entry: LogEntry): void => void logs.push(entry);
  const host = await createPluginHost({ plugins, images, deadline, onLog });
  await host.start(stage);
  const server = await openServer({ images, host, records, hookDeadlineMs: deadline, onLog, nativePlugins });
  try {
    const environment = { ...server.environment, CRIUJS_BRIDGE: spoil(server.environment.CRIUJS_BRIDGE) };
    const logFile = join(images, `${stage}.log`);
    const child = spawn(criu ?? '', [stage, '-D', images, '-o', `${stage}.log`, '-v4', ...work.criuArgs, ...args], {
      env: { ...process.env, ...environment, ...env },
      stdio: 'ignore',
    });
    const exited = once(child, 'exit');
    await work.during?.(child, server);
    const [code] = (await exited) as [number | null];
    return {
      code,
      log: existsSync(logFile) ? readFileSync(logFile, 'utf8') : '',
      failures: server.failures() as unknown as readonly CriuError[],
      exitErrors: await finish(host, code, server),
      records: {
        ...server.taken(),
        tasks: [],
        inodes: [],
        plugins: [],
        sockets: server.taken().sockets.map((it) => ({ id: 0, ...it })),
      },
      claimed: server.claimed(),
      logs,
    };
  } finally {
    await server.close();
  }
}

function finish(host: PluginHost, code: number | null, server: BridgeServer): Promise<readonly CriuError[]> {
  const [error = new Error('CRIU failed') as CriuError] = server.failures();
  const outcome: Outcome = code === 0 ? { ok: true } : { ok: false, error };
  return host.finish(outcome);
}

export function createRig(): Rig & { clear(): Promise<void> } {
  const directory = mkdtempSync(join(tmpdir(), 'criujs-bridge-'));
  const images = join(directory, 'images');
  mkdirSync(images);
  const known = new Map<number, string>();
  let records: Records | null = null;
  let holders = 0;
  const ending: (() => void)[] = [];
  const rig: Rig = {
    directory,
    images,
    atEnd: (body) => void ending.push(body),
    jail: join(directory, 'root'),
    track(pid) {
      for (const member of treeOf(pid)) {
        const who = identity(member);
        if (who !== null) known.set(member, who);
      }
    },
    start(args) {
      holders += 1;
      return startHolder(rig, args, holders);
    },
    startJailed: (args, jail) => startJailed(rig, args, jail),
    async dump(pid, options) {
      rig.track(pid);
      const criuArgs = ['-t', String(pid)];
      const run = await runCriu({ images, ...options, stage: 'dump', records: null, criuArgs });
      // As an engine keeps them, from their bytes.
      if (run.code === 0) records = decodeRecords(encodeRecords(run.records));
      if (run.code === 0 && !options.args?.includes('--leave-running')) await untilGone(pid);
      return run;
    },
    async restore(options) {
      const pidFile = join(directory, 'restored.pid');
      rmSync(pidFile, { force: true });
      const run = await runCriu({
        ...options,
        stage: 'restore',
        images,
        records,
        criuArgs: ['-d', '--pidfile', pidFile],
      });
      if (!existsSync(pidFile)) return run;
      const pid = Number(readFileSync(pidFile, 'utf8'));
      rig.track(pid);
      return { ...run, pid };
    },
  };
  async function clear(): Promise<void> {
    await endAll([...known].filter(([pid, who]) => identity(pid) === who).map(([pid]) => pid));
    const left = await until('processes end', () => processesIn(directory).length === 0 && [], 30_000).catch(() =>
      processesIn(directory),
    );
    for (const end of ending.reverse()) end();
    rmSync(directory, { recursive: true });
    if (left.length > 0) throw new Error(`processes are left that no test knows:\n${left.join('\n')}`);
  }
  return { ...rig, clear };
}

/** The plugin that the README shows. */
export const fuse: Plugin = definePlugin({
  name: 'fuse-keeper',
  version: '1.0.0',
  hooks: [
    hook('DUMP_EXT_FILE', ({ file }) => (file.path === '/dev/fuse' ? undefined : notSupported)),
    hook('RESTORE_EXT_FILE', ({ file }) => openSync('/dev/fuse', file.flags & 3)),
  ],
});

/** Open descriptors of this process. */
export function descriptors(): string[] {
  return readdirSync('/proc/self/fd');
}

/** A test with a place of its own, that is cleared whatever the outcome. */
export const test = base.extend<{ rig: Rig }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of fixtures from the pattern
  rig: async ({}, use) => {
    const rig = createRig();
    await use(rig);
    await rig.clear();
  },
});
