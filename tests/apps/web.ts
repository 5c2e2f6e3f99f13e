import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App, Ground } from './app.ts';
import { overTcp } from './conversation.ts';
import { untilListens } from './ground.ts';
import { overHttp } from './http.ts';

// Servers of files: each answer is the whole of one.

const text = 'kept\n'.repeat(2000);

async function writeText({ folder }: Ground): Promise<void> {
  writeFileSync(join(folder, 'text'), text);
}

const server: Pick<App, 'prepare' | 'ready' | 'load'> = {
  prepare: writeText,
  ready: untilListens,
  load: ({ port }) =>
    overTcp(
      port,
      overHttp('/text', () => text),
    ),
};

const nginx: App = {
  ...server,
  name: 'nginx, two workers',
  needs: ['nginx'],
  packages: ['nginx-light'],
  inCi: true,
  async prepare(at) {
    await writeText(at);
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((it) => `${it}_temp_path ${at.folder};`);
    writeFileSync(
      join(at.folder, 'conf'),
      `daemon off; user root; worker_processes 2; pid ${at.folder}/pid; error_log ${at.folder}/errors;
events {}
http { access_log off; keepalive_requests 1000000; ${paths.join(' ')} server { listen 127.0.0.1:${at.port}; root ${at.folder}; } }`,
    );
  },
  command: ({ folder }) => ['nginx', '-p', folder, '-c', join(folder, 'conf')],
};

const python: App = {
  ...server,
  name: 'python3 -m http.server',
  needs: ['python3'],
  packages: ['python3'],
  command: ({ port }) => ['python3', '-m', 'http.server', '--bind', '127.0.0.1', '--protocol', 'HTTP/1.1', `${port}`],
};

const ruby: App = {
  ...server,
  name: 'ruby -run -e httpd',
  needs: ['ruby', '/usr/share/doc/ruby-webrick'],
  packages: ['ruby', 'ruby-webrick'],
  command: ({ port }) => ['ruby', '-run', '-e', 'httpd', '--', '-p', `${port}`, '-b', '127.0.0.1', '.'],
};

export const web: readonly App[] = [nginx, python, ruby];
