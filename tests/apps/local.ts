import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runWell } from '../../packages/core/test/harness/command.ts';
import { tmuxScreen } from '../../packages/core/test/harness/screens.ts';
import { until } from '../../packages/core/test/harness/wait.ts';
import type { App, Ground, Load } from './app.ts';

// What talks to nobody over a network: its answers are lines of a file.

/** Does one thing after the other, and waits for each. */
export function stepByStep(
  step: (number: number) => Promise<unknown>,
  last: () => Promise<unknown> = async () => {},
): Load {
  let [number, stopping] = [0, false];
  let error: Error | null = null;
  const working = (async () => {
    while (!stopping) {
      await step(number + 1);
      number += 1;
    }
  })().catch((it: Error) => {
    error = it;
  });
  const done = (): number => {
    if (error !== null) throw error;
    return number;
  };
  return {
    done,
    async stop() {
      stopping = true;
      await working;
      done();
      await last();
    },
  };
}

const lines = ({ folder }: Ground, name: string): string[] => {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
};

const sqlite: App = {
  name: 'sqlite3, a transaction open',
  needs: ['sqlite3'],
  packages: ['sqlite3'],
  options: ['--file-locks'],
  // Its client writes one more command before it waits.
  back: ['--allow-grown-files'],
  async prepare({ folder }) {
    writeFileSync(join(folder, 'commands'), "CREATE TABLE kept (it int); BEGIN; SELECT 'ready';\n");
  },
  // An event of a file that is written meanwhile goes to nobody.
  command: () => [
    'sh',
    '-c',
    'tail -n +1 -s 0.01 ---disable-inotify -f commands | sqlite3 -batch -bail own.db >answers',
  ],
  ready: (at) => until('sqlite3 is ready', () => lines(at, 'answers').includes('ready')),
  async load(at) {
    const say = (words: string): void => appendFileSync(join(at.folder, 'commands'), `${words}\n`);
    const step = async (number: number): Promise<void> => {
      say(`INSERT INTO kept VALUES (${number}); SELECT count(*) FROM kept;`);
      await until(`row ${number} is there`, () => lines(at, 'answers').at(-1) === `${number}`);
    };
    return stepByStep(step, async () => {
      say("COMMIT; SELECT 'kept';");
      await until('the transaction is whole', () => lines(at, 'answers').at(-1) === 'kept');
    });
  },
  async check({ folder }, done) {
    const ask = (words: string): Promise<string> => runWell(['sqlite3', join(folder, 'own.db'), words]);
    assert.equal(await ask('SELECT count(*) FROM kept'), `${done}\n`);
    assert.equal(await ask('PRAGMA integrity_check'), 'ok\n');
  },
};

const pool: App = {
  name: 'python multiprocessing',
  options: [],
  needs: ['python3'],
  packages: ['python3'],
  async prepare({ folder }) {
    writeFileSync(
      join(folder, 'pool.py'),
      `from multiprocessing import Pool

def square(number):
    return number * number

if __name__ == '__main__':
    with Pool(4) as pool, open('answers', 'w') as answers:
        first = 0
        while True:
            for square_of in pool.map(square, range(first, first + 8)):
                print(square_of, file=answers, flush=True)
            first += 8
`,
    );
  },
  command: () => ['python3', 'pool.py'],
  ready: (at) => until('it works', () => lines(at, 'answers').length > 0),
  async load(at) {
    let seen = 0;
    return stepByStep(async () => {
      await until('it goes on', () => lines(at, 'answers').length > seen);
      seen = lines(at, 'answers').length;
    });
  },
  async check(at) {
    const answers = lines(at, 'answers');
    assert.deepEqual(
      answers,
      answers.map((_, number) => `${number * number}`),
    );
  },
};

const screen = tmuxScreen();

/** Both its ends are in the tree: the terminal, a client that shows it, the server and the shells. */
const tmux: App = {
  name: 'tmux, with two shells',
  options: [],
  needs: ['tmux', 'bash', 'cc'],
  packages: ['tmux', 'gcc'],
  inCi: true,
  command: () => [
    'env',
    ...Object.entries(screen.env ?? {}).map(([name, value]) => `${name}=${value}`),
    ...screen.command(),
  ],
  ready: (at) => until('tmux shows a shell', () => shown(at).includes('> ')),
  load: async (at) =>
    stepByStep(async (number) => {
      const before = shown(at).length;
      // C-b o goes from one shell to the other.
      writeFileSync(join(at.folder, 'typed'), `echo $((${number}+1000000))\r\x02o`);
      renameSync(join(at.folder, 'typed'), join(at.folder, 'keys'));
      await until('the shell answers', () =>
        shown(at)
          .slice(before)
          .includes(`${number + 1_000_000}`),
      );
    }),
};

function shown({ folder }: Ground): string {
  const path = join(folder, 'screen');
  return existsSync(path) ? readFileSync(path, 'latin1') : '';
}

export const local: readonly App[] = [sqlite, pool, tmux];
