import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect } from 'vitest';
import { runWell } from './harness/command.ts';
import { criujs } from './harness/engines.ts';
import { keepDescriptors } from './harness/keep-descriptors.ts';
import { isRoot, nginx as nginxServer, sshAgent, tmux as tmuxServer } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { childrenOf, runs } from './harness/processes.ts';
import { nodeHub } from './harness/programs.ts';
import { until } from './harness/wait.ts';

/** A server at a unix socket, and what somebody does who uses it. Its clients are gone when it is dumped. */
interface Server {
  readonly name: string;
  readonly missing: string | null;
  readonly command: readonly string[];
  /** The name of its socket, in its folder. */
  readonly at: string;
  /** Writes what it reads when it starts. */
  prepare?(folder: string): void;
  begin?(folder: string): Promise<unknown>;
  /** Uses it, and fails where it is not what it was. */
  use(folder: string): Promise<unknown>;
}

const agent = (folder: string) => ({ cwd: folder, env: { SSH_AUTH_SOCK: join(folder, 'agent') } });

const servers: readonly Server[] = [
  {
    name: 'ssh-agent, which keeps a key',
    missing: sshAgent ? null : 'no ssh-agent',
    command: ['ssh-agent', '-D', '-a', 'agent'],
    at: 'agent',
    async begin(folder) {
      await runWell(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', 'key'], { cwd: folder });
      await runWell(['ssh-add', 'key'], agent(folder));
    },
    async use(folder) {
      const [, key = '?'] = readFileSync(join(folder, 'key.pub'), 'utf8').split(' ');
      expect(await runWell(['ssh-add', '-L'], agent(folder))).toContain(key);
      // It signs with it.
      await runWell(['ssh-add', '-T', 'key.pub'], agent(folder));
    },
  },
  {
    name: 'tmux, with a shell that has a job',
    missing: tmuxServer ? null : 'no tmux',
    command: ['tmux', '-S', 'tmux', '-f', '/dev/null', '-D'],
    at: 'tmux',
    async begin(folder) {
      await tmux(folder, 'new-session', '-d', '-x', '80', '-y', '24', 'bash --norc -i');
      await tmux(folder, 'send-keys', 'kept=yes; sleep 1000 &', 'Enter');
    },
    async use(folder) {
      typed += 1;
      await tmux(folder, 'send-keys', `echo $((${typed}-1)) $kept $(jobs -r | wc -l)`, 'Enter');
      await until('the shell answers', async () =>
        (await tmux(folder, 'capture-pane', '-p')).includes(`\n${typed - 1} yes 1\n`),
      );
    },
  },
  {
    name: 'nginx, a master with two workers that have threads',
    missing: nginxServer ? null : 'no nginx',
    command: ['nginx', '-p', '.', '-c', 'nginx.conf'],
    at: 'nginx',
    prepare(folder) {
      writeFileSync(join(folder, 'nginx.conf'), nginxSettings);
      mkdirSync(join(folder, 'files'), { mode: 0o755 });
      writeFileSync(join(folder, 'files', 'large'), large, { mode: 0o644 });
    },
    async use(folder) {
      const from = (path: string): Promise<string> => get(join(folder, 'nginx'), path);
      const all = await Promise.all(Array.from({ length: 16 }, () => from('/large')));
      expect(all.every((body) => body === large)).toBe(true);
      const master = Number(readFileSync(join(folder, 'nginx.pid'), 'utf8'));
      const workers = childrenOf(master);
      expect(workers).toHaveLength(2);
      expect(workers).toContain(Number(await from('/worker')));
      // It starts new ones, and ends the old ones through its socket pairs.
      process.kill(master, 'SIGHUP');
      await until('it has new workers', async () => {
        const now = childrenOf(master);
        const isDone = now.length === 2 && now.every((pid) => !workers.includes(pid));
        return isDone && now.includes(Number(await from('/worker')));
      });
    },
  },
  {
    name: 'a server in Node, which is its own client as well',
    missing: nodeHub.missing,
    command: nodeHub.command(),
    at: 'hub',
    async use(folder) {
      const [first, second] = [await ask(join(folder, 'hub')), await ask(join(folder, 'hub'))];
      expect(second.count).toBeGreaterThan(first.count);
      await until('it goes on asking itself', async () => (await ask(join(folder, 'hub'))).own > second.own + 1);
    },
  },
];

/** Threads read large files; a worker tells who it is. */
const nginxSettings = `
daemon off;
worker_processes 2;
thread_pool default threads=2;
pid nginx.pid;
error_log error.log;
events { worker_connections 64; }
http {
  access_log access.log;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  sendfile off;
  aio threads;
  keepalive_timeout 0;
  server {
    listen unix:nginx;
    root files;
    location = /worker { return 200 $pid; }
  }
}
`;

const large = 'what nginx serves\n'.repeat(50_000);

/** What an HTTP server at a unix socket answers. */
async function get(socketPath: string, path: string): Promise<string> {
  const response = await new Promise<IncomingMessage>((done, fail) => {
    request({ socketPath, path, agent: false }, done).on('error', fail).end();
  });
  expect(response.statusCode).toBe(200);
  return text(response);
}

/** Each line that is typed has another answer. */
let typed = 1_000_000;

function tmux(folder: string, ...args: readonly string[]): Promise<string> {
  return runWell(['tmux', '-S', 'tmux', ...args], { cwd: folder });
}

/** One question on a connection of its own. */
async function ask(path: string): Promise<{ readonly count: number; readonly own: number }> {
  const socket = connect(path);
  try {
    socket.write('asked\n');
    for await (const line of createInterface({ input: socket })) {
      const [word, count, own] = line.split(' ');
      expect(word).toBe('asked');
      return { count: Number(count), own: Number(own) };
    }
    throw new Error(`${path} gives no answer`);
  } finally {
    socket.destroy();
  }
}

/** Starts it as init's child, in a session of its own; gives its folder and its pid. */
async function launch(place: Place, { command, at, prepare, begin }: Server): Promise<{ folder: string; pid: number }> {
  const folder = place.home();
  prepare?.(folder);
  keepDescriptors();
  const script = 'cd "$0" && setsid "$@" </dev/null >/dev/null 2>&1 & echo $!';
  const pid = Number(await runWell(['sh', '-c', script, folder, ...command]));
  place.track(pid);
  await until('it listens', () => existsSync(join(folder, at)));
  await begin?.(folder);
  return { folder, pid };
}

describe.skipIf(!isRoot)('servers at unix sockets', () => {
  for (const server of servers) {
    const { name, missing, use } = server;
    test.skipIf(missing)(
      `${name}: serves before, meanwhile and afterwards${missing ? `: ${missing}` : ''}`,
      async ({ place }) => {
        const { folder, pid } = await launch(place, server);
        await use(folder);
        await criujs.dump(pid, place.fresh('images'), { leaveRunning: true });
        await use(folder);
        for (let leg = 0; leg < 3; leg++) {
          const images = place.fresh('images');
          await criujs.dump(pid, images);
          await until('it is gone', () => !runs(pid));
          const back = await criujs.restore(images);
          place.track(back);
          await use(folder);
          // It may have others by now.
          place.track(back);
        }
      },
    );
  }
});
