import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRoot } from '../../../core/test/harness/machine.ts';

/** A network in which there is nothing but the registry. */
export interface Offline {
  /** What to put before a command so that it runs there. */
  readonly enter: readonly string[];
  close(): Promise<void>;
}

/** Why commands cannot be kept from the network here, or null. */
export const offlineMissing: string | null = !isRoot
  ? 'a network of its own needs root'
  : spawnSync('ip', ['-Version']).status === 0
    ? null
    : 'no ip (iproute2)';

const relay = fileURLToPath(new URL('relay.mjs', import.meta.url));

/** @param folder where the socket between both networks may lie */
export async function openOffline(registry: string, folder: string): Promise<Offline> {
  const { port } = new URL(registry);
  const path = join(folder, 'registry.sock');
  const door = createServer((client) => {
    const server = connect(Number(port), '127.0.0.1');
    client.pipe(server).pipe(client);
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
  });
  await once(door.listen(path), 'listening');
  const inside = spawn('unshare', ['--net', '--', process.execPath, relay, port, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = await Promise.race([once(inside.stdout, 'data'), once(inside, 'exit')]);
  if (inside.exitCode !== null) throw new Error(`the relay ended with ${ready}`);
  return {
    enter: ['nsenter', `--net=/proc/${inside.pid}/ns/net`, '--'],
    async close() {
      const ended = once(inside, 'exit');
      inside.kill();
      await ended;
      const closed = once(door, 'close');
      door.close();
      await closed;
    },
  };
}
