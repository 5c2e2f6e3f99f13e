import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runWell } from '../../packages/core/test/harness/command.ts';
import type { App, Ground } from './app.ts';
import { knownAnswers, type Script, throughClient } from './conversation.ts';
import { untilListens } from './ground.ts';

/** A transaction that is open from the first dump to the last restore. */
const transaction: Pick<Script, 'ask' | 'answered' | 'last'> = {
  ...knownAnswers(
    (number) => `INSERT INTO kept VALUES (${number}); SELECT count(*) FROM kept;\n`,
    (number) => `${number}\n`,
  ),
  last: 'COMMIT;\n',
};

const releases = '/usr/lib/postgresql';

/** Where Debian has the programs of its newest release. */
function ofPostgres(program: string): string {
  try {
    return join(releases, readdirSync(releases).sort().at(-1) ?? '', 'bin', program);
  } catch {
    return join(releases, 'bin', program);
  }
}

const psql = ({ port }: Ground): string[] => [
  'psql',
  '-h',
  '127.0.0.1',
  '-p',
  `${port}`,
  '-U',
  'nobody',
  '-qAtX',
  'postgres',
];

const postgres: App = {
  name: 'postgres, a transaction open',
  needs: [ofPostgres('postgres'), 'psql'],
  packages: ['postgresql'],
  inCi: true,
  asNobody: true,
  prepare: ({ folder }) =>
    runWell([ofPostgres('initdb'), '-D', join(folder, 'data'), '-U', 'nobody', '--no-sync'], {
      asNobody: true,
      cwd: folder,
    }),
  command: ({ folder, port }) => [ofPostgres('postgres'), '-D', join(folder, 'data'), '-k', folder, '-p', `${port}`],
  ready: untilAnswers,
  load: (at) =>
    throughClient(psql(at), {
      first: ["CREATE TABLE kept (it int); BEGIN; SELECT 'ready';\n", 'ready\n'],
      ...transaction,
    }),
  async check(at, done) {
    assert.equal(await runWell([...psql(at), '-c', 'SELECT count(*), sum(it) FROM kept']), `${done}|${sumTo(done)}\n`);
    const verified = "SELECT count(*) FROM verify_heapam('kept')";
    assert.equal(await runWell([...psql(at), '-c', 'CREATE EXTENSION amcheck', '-c', verified]), '0\n');
  },
};

/** It listens some time before it lets anybody in. */
async function untilAnswers(at: Ground): Promise<void> {
  await untilListens(at);
  await runWell(['sh', '-c', 'until "$@" -c "SELECT 1" 2>/dev/null; do sleep 0.1; done', 'sh', ...psql(at)]);
}

const mariadbClient = ({ port }: Ground): string[] => [
  ...['mariadb', '--no-defaults', '-h', '127.0.0.1', '-P', `${port}`, '-u', 'root', '-N', '-B', '--unbuffered'],
];

const mariadb: App = {
  name: 'mariadb, a transaction open',
  needs: ['mariadbd', 'mariadb', 'mariadb-install-db'],
  packages: ['mariadb-server'],
  options: ['--tcp-established', '--file-locks'],
  asNobody: true,
  prepare: ({ folder }) =>
    runWell(
      [
        'mariadb-install-db',
        '--no-defaults',
        `--datadir=${folder}/data`,
        '--auth-root-authentication-method=normal',
        '--skip-test-db',
      ],
      {
        asNobody: true,
        cwd: folder,
      },
    ),
  command: ({ folder, port }) => [
    ...['mariadbd', '--no-defaults', `--datadir=${folder}/data`, `--socket=${folder}/at`, `--pid-file=${folder}/pid`],
    ...[`--port=${port}`, '--bind-address=127.0.0.1'],
  ],
  ready: untilListens,
  load: (at) =>
    throughClient(mariadbClient(at), {
      first: ["CREATE DATABASE own; USE own; CREATE TABLE kept (it int); BEGIN; SELECT 'ready';\n", 'ready\n'],
      ...transaction,
    }),
  async check(at, done) {
    const ask = (words: string): Promise<string> => runWell([...mariadbClient(at), 'own', '-e', words]);
    assert.equal(await ask('SELECT count(*), sum(it) FROM kept'), `${done}\t${sumTo(done)}\n`);
    assert.match(await ask('CHECK TABLE kept EXTENDED'), /OK/);
  },
};

function sumTo(number: number): number {
  return (number * (number + 1)) / 2;
}

export const databases: readonly App[] = [postgres, mariadb];
