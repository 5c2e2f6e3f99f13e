// An application saves and brings back its own resources, through the plugins and the host of criujs, without an engine
// of ours and without any system call of ours: Node is enough.
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, failed, note, passed, title } from '../story.js';
import { restore } from './engine.js';

const app = new URL('app.js', import.meta.url);
const service = new URL('service.js', import.meta.url);
const plugins = [fileURLToPath(new URL('plugin.ts', import.meta.url))];
/** Windows gives no descriptor for a connection: only the log is saved there. */
const onWindows = process.platform === 'win32';
const poolSize = onWindows ? 0 : 3;
/** The three of every process, then Node's own channel. */
const firstDescriptor = 4;

/** @type {(() => Promise<void> | void)[]} what is to be undone, the last first */
const cleanups = [];

async function demo() {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-demo-pool-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const address = onWindows ? String.raw`\\.\pipe\criujs-demo-${process.pid}` : join(folder, 'sessions.sock');
  const log = join(folder, 'pool.log');
  const images = join(folder, 'images');
  const lines = () => readFileSync(log, 'utf8').trimEnd().split('\n');

  title('A pool of sessions at a database, and a log');
  const database = await start(service, [address]);
  const first = await start(app, ['start', address, log, `${poolSize}`]);
  await first.ask({ task: 'work', rounds: 10 });
  const rows = poolSize * 10;
  note(`process ${first.pid} has ${poolSize} sessions at process ${database.pid}, each with an open transaction`);
  const before = await database.ask({});
  expect(
    `nothing of it is in the table yet: ${before.open.join(' + ')} rows are in transactions`,
    before.table.length === 0 && sum(before.open) === rows,
  );

  title('1. Without a plugin, the dump is refused');
  const refused = await first.try({ task: 'dump', images, plugins: [] });
  note(`| ${refused.error}`);
  expect(
    'it names what nobody takes, and a remedy',
    refused.error?.includes('no plugin takes') && refused.remedy?.includes('Load one'),
  );
  expect('no image directory is left behind', !existsSync(images));

  title('2. A dump that fails on the way leaves nothing behind');
  renameSync(log, `${log}.away`);
  const failing = await first.try({ task: 'dump', images, plugins });
  renameSync(`${log}.away`, log);
  note(`| ${failing.error}`);
  expect('it names the file that was taken away', failing.error?.includes(log));
  expect('the sessions that it had saved already are forgotten', (await database.ask({})).saved === 0);
  expect('no image directory is left behind', !existsSync(images));
  await first.ask({ task: 'work', rounds: 1 });
  expect('the application goes on', sum((await database.ask({})).open) === rows + poolSize);

  title('3. With a plugin, in TypeScript, the application saves itself, and ends');
  const dumped = await first.ask({ task: 'dump', images, plugins });
  for (const line of dumped) note(`| ${line}`);
  expect(`${poolSize} sessions and a log were taken by a plugin`, dumped.length === poolSize + 1);
  note(`${images}/criujs/pool: ${readdirSync(join(images, 'criujs', 'pool')).join(' ')}`);
  await first.end();
  const between = await waitFor(
    () => database.ask({}),
    (it) => it.open.length === 0,
  );
  expect(`process ${first.pid} has ended, and its sessions with it`, first.hasEnded());
  expect('none of its rows is in the table', between.table.length === 0);
  const written = lines().length;

  title('4. Another process goes on');
  const second = await restore({ plugins, images, launch: resumeApp });
  expect(`it is another: ${second.pid}`, second.pid !== first.pid);
  await second.ask({ task: 'work', rounds: 10 });
  const answers = await second.ask({ task: 'commit' });
  note(`it commits: ${answers.map((it) => it.replace('ok ', '')).join(' + ')} rows`);
  const { table } = await database.ask({});
  const numbers = table.map(Number).sort((a, b) => a - b);
  expect(
    `the transactions that process ${first.pid} began have all ${numbers.length} rows, none lost, none twice`,
    numbers.length === poolSize * 21 && numbers.every((it, at) => it === at + 1),
  );
  const rounds = lines();
  expect(
    `the log goes on where it stopped: ${written} lines, now ${rounds.length}, in order`,
    written === 11 && rounds.length === 21 && rounds.every((line, at) => line.startsWith(`round ${at + 1}: `)),
  );
}

/** Starts the application with descriptors that are open, as any program is given its input and output. */
function resumeApp(state, opened) {
  const numbered = opened.map((it, index) => ({ ...it, number: firstDescriptor + index }));
  const sessions = numbered
    .filter((it) => it.name !== 'the log')
    .map((it, index) => ({ fd: it.number, path: it.known.peerName, asked: state.asked[index] }));
  const log = numbered.find((it) => it.name === 'the log');
  const resumed = {
    sessions,
    round: state.round,
    log: { path: state.log, fd: log.number, position: log.known.position },
  };
  return start(
    app,
    ['resume', JSON.stringify(resumed)],
    opened.map((it) => it.fd),
  );
}

/** Starts one of our programs, and waits until it is ready. What it is asked, it answers in order. */
async function start(program, args, descriptors = []) {
  const child = fork(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...descriptors] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const next = () =>
    new Promise((resolve, reject) => {
      const gone = () => reject(new Error(`${program.pathname} ended`));
      child.once('exit', gone);
      child.once('message', (message) => {
        child.off('exit', gone);
        resolve(message);
      });
    });
  const end = async () => {
    if (child.connected) child.disconnect();
    await ended;
  };
  cleanups.push(end);
  await next();
  const attempt = async (question) => {
    const answer = next();
    child.send(question);
    return answer;
  };
  return {
    pid: child.pid,
    end,
    hasEnded: () => child.exitCode !== null,
    try: attempt,
    async ask(question) {
      const answer = await attempt(question);
      if (answer.error !== undefined) throw new Error(`${answer.error} → ${answer.remedy}`);
      return answer.value ?? answer;
    },
  };
}

/** Asks until the answer is right: 'close' takes its time to reach the service. */
async function waitFor(ask, isRight) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (Date.now() > deadline) throw new Error('waited in vain for the service');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function sum(/** @type {number[]} */ numbers) {
  return numbers.reduce((total, it) => total + it, 0);
}

let exitCode = 0;
try {
  await demo();
  passed('The same plugin served an engine that criujs knows nothing of.');
} catch (error) {
  failed(error);
  exitCode = 1;
} finally {
  for (const undo of cleanups.reverse()) await undo();
}
process.exit(exitCode);
