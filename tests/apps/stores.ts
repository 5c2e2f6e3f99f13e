import assert from 'node:assert/strict';
import { runWell } from '../../packages/core/test/harness/command.ts';
import type { App } from './app.ts';
import { knownAnswers, overTcp } from './conversation.ts';
import { untilListens } from './ground.ts';

/** With its data on disk too: each command is appended to a file, which redis-check-aof reads. */
const redis: App = {
  name: 'redis-server',
  needs: ['redis-server', 'redis-cli'],
  packages: ['redis-server'],
  inCi: true,
  command: ({ port, folder }) => [
    'redis-server',
    '--port',
    `${port}`,
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--enable-debug-command',
    'yes',
  ],
  ready: untilListens,
  load: ({ port }) =>
    overTcp(
      port,
      knownAnswers(
        (number) => `INCR count\r\nSET key:${number} ${number}\r\n`,
        (number) => `:${number}\r\n+OK\r\n`,
      ),
    ),
  async check({ port }, done) {
    const ask = (...words: string[]): Promise<string> => runWell(['redis-cli', '-p', `${port}`, ...words]);
    assert.equal(await ask('GET', 'count'), `${done}\n`);
    assert.equal(await ask('DBSIZE'), `${done + 1}\n`);
    assert.equal(await ask('DEBUG', 'LOADAOF'), 'OK\n');
    assert.equal(await ask('GET', `key:${done}`), `${done}\n`);
  },
};

const memcached: App = {
  name: 'memcached',
  needs: ['memcached'],
  packages: ['memcached'],
  asNobody: true,
  command: ({ port }) => ['memcached', '-l', '127.0.0.1', '-p', `${port}`],
  ready: untilListens,
  load: ({ port }) =>
    overTcp(port, {
      first: ['set count 0 0 1\r\n0\r\n', 'STORED\r\n'],
      ...knownAnswers(
        () => 'incr count 1\r\n',
        (number) => `${number}\r\n`,
      ),
    }),
};

export const stores: readonly App[] = [redis, memcached];
