import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A shell in namespaces of its own: what it mounts or adds to the network nobody else sees, and it goes when it ends. */
export interface Namespace {
  /** Runs a command, and gives what it printed. @throws Error when it fails */
  run(command: string): Promise<string>;
  close(): Promise<void>;
}

export type NamespaceKind = 'mount' | 'net';

/** Of util-linux. With a user namespace it needs no rights. */
const unshare = 'unshare';
const asRootIn = (kind: NamespaceKind): string[] => ['--user', '--map-root-user', `--${kind}`];

/** Why there can be none here, in words for the name of a test; null: there can. */
export function whyNoNamespace(kind: NamespaceKind, ...tools: readonly string[]): string | null {
  if (process.platform !== 'linux') return 'needs Linux';
  const lacking = [unshare, ...tools].find((tool) => spawnSync(tool, ['--version']).error !== undefined);
  if (lacking !== undefined) return `needs ${lacking}`;
  const { status } = spawnSync(unshare, [...asRootIn(kind), 'true']);
  return status === 0 ? null : `needs user namespaces with a ${kind} namespace`;
}

export async function openNamespace(kind: NamespaceKind): Promise<Namespace> {
  const shell = spawn(unshare, [...asRootIn(kind), 'sh'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(shell, 'spawn');
  const lines = createInterface(shell.stdout)[Symbol.asyncIterator]();
  return {
    async run(command) {
      shell.stdin.write(`${command}\necho "ended $?"\n`);
      const said: string[] = [];
      for (let { value, done } = await lines.next(); !done; { value, done } = await lines.next()) {
        const ended = /^ended (\d+)$/.exec(value);
        if (ended === null) said.push(value);
        else if (ended[1] === '0') return said.join('\n');
        else break;
      }
      throw new Error(`${command} failed: ${said.join('\n')}`);
    },
    async close() {
      const closed = once(shell, 'close');
      shell.stdin.end();
      await closed;
    },
  };
}
