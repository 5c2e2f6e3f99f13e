import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { breakpointsWork } from '@criujs/linux';

const hugePages = '/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages';

/** The repository. */
export const root: string = fileURLToPath(new URL('../../../../', import.meta.url));

/** Whether the tests run as root. Some are about root's rights, or need them to become another user. */
export const isRoot: boolean = process.getuid?.() === 0;

function which(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return null;
}

function works(file: string, ...args: string[]): boolean {
  try {
    execFileSync(file, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Version managers put scripts in place of a program: what counts is the file that they would start. */
function interpreter(name: string, ...print: string[]): string | null {
  const found = ['/usr/bin', '/usr/local/bin'].map((folder) => join(folder, name)).find(existsSync) ?? which(name);
  if (!found) return null;
  try {
    return execFileSync(found, print, { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

export const compiler: string | null = which(process.env['CC'] ?? 'cc');
export const sh: string = '/bin/sh';
export const bash: string | null = which('bash');
export const python: string | null = interpreter('python3', '-c', 'import sys; print(sys.executable)');

export const ruby: string | null = interpreter('ruby', '-e', 'puts RbConfig.ruby');
export const sqlite: string | null = which('sqlite3');
/** Huge pages of 2 MiB that nobody has: vm.nr_hugepages. */
export const freeHugePages: number = existsSync(hugePages) ? Number(readFileSync(hugePages, 'utf8')) : 0;

export const sshAgent: string | null = which('ssh-agent');
export const tmux: string | null = which('tmux');
export const nft: string | null = which('nft');
/** Why rules of iptables cannot be made here; null: they can. */
export const noIptables: string | null =
  which('iptables') === null || which('ip6tables') === null
    ? 'needs iptables'
    : works('iptables', '-w', '-S') && works('ip6tables', '-w', '-S')
      ? null
      : 'needs root, and a kernel that has tables for iptables';
/** Programs that make network namespaces, and devices between them. */
export const namespaceTools: boolean = ['ip', 'unshare', 'nsenter'].every((name) => which(name) !== null);
export const nginx: string | null = which('nginx');

/** The real CRIU: `CRIUJS_CRIU`, or where `scripts/install-criu` puts it. */
export const criu: string | null =
  [process.env['CRIUJS_CRIU'], join(root, '.cache/criu/criu')].find((path) => path && existsSync(path)) ?? null;

// For tests that start CRIU themselves: on a machine whose breakpoints are never reported it would wait for one for ever.
if (criu && breakpointsWork() === false) process.env['CRIU_FAULT'] ??= '130';

/** Why CRIU cannot be used here, or null. */
export function criuMissing(): string | null {
  if (!criu) return 'no CRIU: run scripts/install-criu, or set CRIUJS_CRIU';
  if (!isRoot) return 'CRIU needs root';
  return works(criu, 'check') ? null : 'CRIU does not work on this kernel';
}
