import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A version of Node from npm, kept from run to run. null: it cannot be fetched. */
export function nodeOf(version: string): string | null {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(tmpdir(), `criujs-nodes-${process.getuid?.()}`, version);
  const node = join(folder, 'node_modules', name, 'bin/node');
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  try {
    execFileSync(
      'npm',
      ['install', '--no-audit', '--no-fund', '--fetch-retries=0', '--prefix', folder, `${name}@${version}`],
      {
        stdio: 'ignore',
      },
    );
  } catch {
    return null;
  }
  return existsSync(node) ? node : null;
}
