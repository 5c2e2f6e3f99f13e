import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nobody, runWell } from '../../packages/core/test/harness/command.ts';
import { keepDescriptors } from '../../packages/core/test/harness/keep-descriptors.ts';
import { releaseBelow } from '../../packages/core/test/harness/network.ts';
import { endNow, identity, processesIn, runs, treeOf } from '../../packages/core/test/harness/processes.ts';
import { until } from '../../packages/core/test/harness/wait.ts';
import type { App, Ground } from './app.ts';

/** Why an application cannot run here, or null. */
export function missingOf({ needs, packages }: App): string | null {
  const folders = (process.env['PATH'] ?? '').split(':');
  const isThere = (name: string): boolean =>
    name.startsWith('/') ? existsSync(name) : folders.some((folder) => existsSync(join(folder, name)));
  const gone = needs.filter((name) => !isThere(name));
  return gone.length === 0 ? null : `no ${gone.join(', ')} (apt-get install ${packages.join(' ')})`;
}

/** A folder and a port for one run. */
export async function openGround({ asNobody }: App): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-app-'));
  chmodSync(folder, 0o755);
  if (asNobody) chownSync(folder, nobody, nobody);
  return { folder, port: await freePort() };
}

/** A port of this machine that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts an application as init's child, in a session of its own; gives its pid. */
export async function launch(app: App, at: Ground): Promise<number> {
  const script = 'cd "$0" && setsid "$@" </dev/null >>said 2>&1 & echo $!';
  const { asNobody = false } = app;
  keepDescriptors();
  const pid = await runWell(['sh', '-c', script, at.folder, ...app.command(at)], { asNobody, cwd: at.folder });
  return Number(pid);
}

/** Waits until somebody listens at the port. */
export async function untilListens({ port }: Pick<Ground, 'port'>): Promise<void> {
  await until(`somebody listens at port ${port}`, () => {
    const socket = connect(port, '127.0.0.1');
    return new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    }).finally(() => socket.destroy());
  });
}

/** Ends a tree, and takes its folder away. */
export async function clear(pid: number | null, { folder }: Ground): Promise<void> {
  const members = pid === null ? [] : treeOf(pid).map((it) => ({ pid: it, who: identity(it) }));
  // It takes away what it has made elsewhere.
  if (pid !== null && runs(pid)) {
    process.kill(pid);
    await until('it ends in its own way', () => !runs(pid), 10_000).catch(() => undefined);
  }
  for (const it of members) if (identity(it.pid) === it.who) endNow(it.pid);
  // What had left the tree.
  for (const title of processesIn(folder)) endNow(Number.parseInt(title, 10));
  for (const it of members) await until(`process ${it.pid} ends`, () => identity(it.pid) !== it.who || !runs(it.pid));
  await releaseBelow(folder);
  rmSync(folder, { recursive: true, force: true });
}
