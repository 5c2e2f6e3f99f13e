// The application: a pool of sessions at a database and a log. It is told what to do by the process that started it, can
// save what it holds, and goes on in another process with what it is given.
//
//   app.js start SERVICE LOG SESSIONS
//   app.js resume STATE               the descriptors that STATE names are open
import { fstatSync, openSync, writeSync } from 'node:fs';
import { dump } from './engine.js';
import { openSession, resumeSession } from './session.js';

/** open(2): O_RDWR */
const readWrite = 2;

const ways = {
  async start(service, log, count) {
    const sessions = await Promise.all(Array.from({ length: Number(count) }, () => openSession(service)));
    return { sessions, log: { path: log, fd: openSync(log, 'wx+'), position: 0 }, round: 0 };
  },
  async resume(text) {
    const { sessions, log, round } = JSON.parse(text);
    return { sessions: sessions.map((it) => resumeSession(it.fd, it.path, it.asked)), log, round };
  },
};

const [way, ...args] = process.argv.slice(2);
const pool = await ways[way](...args);

const tasks = {
  /** In each round every session of the pool puts a row into its transaction, and the log tells. */
  async work({ rounds }) {
    for (const last = pool.round + rounds; pool.round < last; ) {
      const begin = pool.round * pool.sessions.length;
      const answers = await Promise.all(pool.sessions.map((it, index) => it.ask(`put ${begin + index + 1}`)));
      pool.round++;
      note(`round ${pool.round}: ${answers.join(', ')}\n`);
    }
  },
  /** No request is under way here: what a session is asked for, `work` waits for. */
  async dump({ images, plugins }) {
    const { sessions, log, round } = pool;
    const asked = sessions.map((it) => it.asked());
    const rows = await dump({ images, plugins, resources: resources(), state: { asked, round, log: log.path } });
    return rows.map(({ name, provider }) => `${name}: ${provider.name} ${provider.version}`);
  },
  async commit() {
    return Promise.all(pool.sessions.map((it) => it.ask('commit')));
  },
};

/** Appends at our own position, as a descriptor that is opened again begins at 0. */
function note(text) {
  pool.log.position += writeSync(pool.log.fd, text, pool.log.position);
}

function resources() {
  const { fd, path, position } = pool.log;
  const file = { path, kind: 'regular', rdev: null, inode: fstatSync(fd).ino, flags: readWrite, position, owner: null };
  const sessions = pool.sessions.map((it, index) => ({
    kind: 'connection',
    name: `session ${index + 1}`,
    fd: it.fd(),
    known: { type: 'stream', name: null, peerName: it.path, state: 'connected', flags: readWrite },
  }));
  return [...sessions, { kind: 'file', name: 'the log', fd, known: file }];
}

process.on('message', async ({ task, ...how }) => {
  try {
    process.send?.({ value: await tasks[task](how) });
  } catch (error) {
    process.send?.({ error: error.message, remedy: error.remedy });
  }
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: process.pid });
