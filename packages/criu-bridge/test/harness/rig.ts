import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPluginHost, type PluginHost } from '@criujs/plugin-host';
import { decodeRecords, encodeRecords, type LogEntry, type Records } from '@criujs/plugin-host/engine';
import type { CriuError, Outcome, Plugin } from '@criujs/plugin-sdk';
import { buildNative } from '@criujs/wire';
import { test as base } from 'vitest';
import { criu } from '../../../core/test/harness/machine.ts';
import { identity, processesIn, runs, treeOf, untilGone } from '../../../core/test/harness/processes.ts';
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
  /** What it writes to, for the process of that pid. */
  report(pid: number): string;
  kill(): Promise<void>;
}

export interface RunOptions {
  readonly plugins: readonly Plugin[];
  readonly deadline?: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly nativePlugins?: readonly string[];
  /** Looks at CRIU while it runs. */
  readonly during?: (criu: ChildProcess, server: BridgeServer) => Promise<void> | void;
}

/** How a run of CRIU ended. */
export interface Run {
  readonly code: number | null;
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
  start(args: readonly string[], how?: { readonly command?: readonly string[] }): Promise<Holder>;
  dump(pid: number, options: RunOptions): Promise<Run>;
  restore(options: RunOptions): Promise<Run>;
  /** Processes that a restore made: they end with the test. */
  track(pid: number): void;
}

const holderSource = new URL('../native/holder.c', import.meta.url);

async function startHolder(
  rig: Rig,
  args: readonly string[],
  command: readonly string[],
  count: number,
): Promise<Holder> {
  const file = await buildNative({ source: holderSource, kind: 'program', flags: ['-static-pie'] });
  const base = join(rig.directory, `report-${count}`);
  // Not a child of ours: the event loop must not reap what CRIU restores.
  const launch = 'setsid "$@" </dev/null >/dev/null 2>&1 & echo $!';
  const child = spawn('sh', ['-c', launch, 'sh', ...command, file, base, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  await once(child, 'close');
  const pid = Number(said);
  rig.track(pid);
  const report = (of: number): string => `${base}.${of}`;
  const read = (of: number): Promise<string> =>
    until(`process ${of} reports`, () => existsSync(report(of)) && readFileSync(report(of), 'utf8'));
  const before = await read(pid);
  return {
    pid,
    before,
    report,
    async tell(of = pid) {
      rmSync(report(of), { force: true });
      process.kill(of, 'SIGUSR1');
      return read(of);
    },
    async kill() {
      await endAll(treeOf(pid));
    },
  };
}

async function endAll(pids: readonly number[]): Promise<void> {
  const known = pids.map((pid) => ({ pid, who: identity(pid) }));
  for (const { pid, who } of known) if (who !== null && identity(pid) === who) process.kill(pid, 'SIGKILL');
  for (const { pid, who } of known) await until(`process ${pid} ends`, () => identity(pid) !== who || !runs(pid));
}

interface Work extends RunOptions {
  readonly stage: 'dump' | 'restore';
  readonly images: string;
  readonly records: Records | null;
  readonly criuArgs: readonly string[];
}

async function runCriu(work: Work): Promise<Run> {
  const { plugins, deadline = 10_000, stage, images, records, args = [], env = {}, nativePlugins } = work;
  const logs: LogEntry[] = [];
  const onLog = (entry: LogEntry): void => void logs.push(entry);
  const host = await createPluginHost({ plugins, images, deadline, onLog });
  await host.start(stage);
  const server = await openServer({ images, host, records, hookDeadlineMs: deadline, onLog, nativePlugins });
  try {
    const logFile = join(images, `${stage}.log`);
    const child = spawn(criu ?? '', [stage, '-D', images, '-o', `${stage}.log`, '-v4', ...work.criuArgs, ...args], {
      env: { ...process.env, ...server.environment, ...env },
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

function createRig(): Rig & { clear(): Promise<void> } {
  const directory = mkdtempSync(join(tmpdir(), 'criujs-bridge-'));
  const images = join(directory, 'images');
  mkdirSync(images);
  const known = new Map<number, string>();
  let records: Records | null = null;
  let holders = 0;
  const rig: Rig = {
    directory,
    images,
    track(pid) {
      for (const member of treeOf(pid)) {
        const who = identity(member);
        if (who !== null) known.set(member, who);
      }
    },
    start(args, { command = [] } = {}) {
      holders += 1;
      return startHolder(rig, args, command, holders);
    },
    async dump(pid, options) {
      rig.track(pid);
      const criuArgs = ['-t', String(pid)];
      const run = await runCriu({ ...options, stage: 'dump', images, records: null, criuArgs });
      // As an engine keeps them, from their bytes.
      if (run.code === 0) records = decodeRecords(encodeRecords(run.records));
      if (run.code === 0 && !options.args?.includes('--leave-running')) await untilGone(pid);
      return run;
    },
    restore: (options) => runCriu({ ...options, stage: 'restore', images, records, criuArgs: ['-d'] }),
  };
  async function clear(): Promise<void> {
    await endAll([...known].filter(([pid, who]) => identity(pid) === who).map(([pid]) => pid));
    const left = await until('processes end', () => processesIn(directory).length === 0 && [], 5000).catch(() =>
      processesIn(directory),
    );
    rmSync(directory, { recursive: true });
    if (left.length > 0) throw new Error(`processes are left that no test knows:\n${left.join('\n')}`);
  }
  return { ...rig, clear };
}

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
