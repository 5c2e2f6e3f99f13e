import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { runWell } from './harness/command.ts';
import { criujs } from './harness/engines.ts';
import { keepDescriptors } from './harness/keep-descriptors.ts';
import { isRoot, nginx, python } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { runs } from './harness/processes.ts';
import { until } from './harness/wait.ts';

// Servers at a TCP port. Nobody has a connection to them when they are dumped.

interface WebServer {
  readonly name: string;
  readonly missing: string | null;
  /** What it is started with, in its folder, where `page` lies. */
  command(port: number, folder: string): readonly string[];
}

const page = 'what the server serves\n';

const nodeServer = `
  const { createServer } = require('node:http');
  const { readFileSync } = require('node:fs');
  let count = 0;
  createServer((_, answer) => {
    count += 1;
    answer.setHeader('x-count', count);
    answer.end(readFileSync('page'));
  }).listen(Number(process.argv[1]), '127.0.0.1');
`;

const nginxConfiguration = (port: number, folder: string): string => `
  daemon off;
  worker_processes 2;
  pid ${folder}/pid;
  error_log ${folder}/errors;
  events { worker_connections 32; }
  http {
    access_log off;
    client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
    server { listen 127.0.0.1:${port}; root ${folder}; }
  }
`;

const servers: readonly WebServer[] = [
  {
    name: 'a server in Node',
    missing: null,
    command: (port) => [process.execPath, '-e', nodeServer, String(port)],
  },
  {
    name: 'http.server of Python',
    missing: python === null ? 'no python3' : null,
    command: (port) => [python ?? 'python3', '-m', 'http.server', '--bind', '127.0.0.1', String(port)],
  },
  {
    name: 'nginx with two workers',
    missing: nginx === null ? 'no nginx' : null,
    command(port, folder) {
      writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration(port, folder));
      return [nginx ?? 'nginx', '-p', folder, '-c', join(folder, 'nginx.conf')];
    },
  },
];

/** A port that nobody has. */
async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await new Promise<number>((resolve) => {
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  await new Promise((closed) => probe.close(closed));
  return port;
}

/** One question on a connection of its own. */
function ask(port: number): Promise<{ readonly text: string; readonly count: number }> {
  return new Promise((resolve, reject) => {
    const asked = get({ host: '127.0.0.1', port, path: '/page', agent: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece)).on('error', reject);
      answer.on('end', () => {
        resolve({ text: Buffer.concat(pieces).toString(), count: Number(answer.headers['x-count'] ?? 0) });
      });
    });
    asked.on('error', reject);
  });
}

/** States of TCP in /proc/net/tcp in which a program has the connection: established, and closed by the other end. */
const connected = ['01', '08'];

/** Whether nobody has a connection to a port of 127.0.0.1. proc_pid_net(5) */
function isIdle(port: number): boolean {
  const at = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return rows.every((row) => {
    const [, local, , state = ''] = row.trim().split(/\s+/);
    return local !== at || !connected.includes(state);
  });
}

async function launch(place: Place, server: WebServer) {
  const folder = place.home();
  const port = await freePort();
  writeFileSync(join(folder, 'page'), page);
  keepDescriptors();
  const script = 'cd "$0" && setsid "$@" </dev/null >/dev/null 2>&1 & echo $!';
  const pid = Number(await runWell(['sh', '-c', script, folder, ...server.command(port, folder)]));
  place.track(pid);
  await until('it answers', () =>
    ask(port).then(
      () => true,
      () => false,
    ),
  );
  return { pid, port };
}

describe.skipIf(!isRoot)('servers at a TCP port', () => {
  for (const server of servers) {
    const { name, missing } = server;
    test.skipIf(missing)(
      `${name}: serves before, meanwhile and after each of three restores${missing ? `: ${missing}` : ''}`,
      async ({ place }) => {
        const { pid, port } = await launch(place, server);
        const idle = () => until('its connections are over', () => isIdle(port));
        let last = 0;
        const use = async (): Promise<void> => {
          for (let times = 0; times < 3; times++) {
            const { text, count } = await ask(port);
            expect(text).toBe(page);
            expect(count === 0 || count > last, 'it goes on counting').toBe(true);
            last = count;
          }
        };
        await use();
        await idle();
        await criujs.dump(pid, place.fresh('images'), { leaveRunning: true });
        await use();
        for (let leg = 0; leg < 3; leg++) {
          await idle();
          const images = place.fresh('images');
          await criujs.dump(pid, images);
          await until('it is gone', () => !runs(pid));
          place.track(await criujs.restore(images));
          await use();
        }
      },
    );
  }
});
