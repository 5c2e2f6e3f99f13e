// A small database outside of the application. Each connection has a session with an open transaction, which is gone with
// the connection, unless it was saved under a token before. Started with fork(), it answers questions over that channel.
//
//   N begin | N put WORD | N commit     answered with `N ok ROWS` or `N error WHY`
//   save TOKEN                          keeps a copy of this session; no answer: the connection belongs to the application
//   load TOKEN                          goes on with that copy, and gives its last answer once more: it may have been lost
//   wait TOKEN | has TOKEN | drop TOKEN about saved sessions; answered with yes or no
import { createServer } from 'node:net';

const [path] = process.argv.slice(2);
const answerAfterMs = 5;

/** @typedef {{ rows: string[] | null, last: string }} Session */

/** @type {string[]} what was committed */
const table = [];
/** @type {Map<import('node:net').Socket, Session>} */
const sessions = new Map();
/** @type {Map<string, Session>} */
const saved = new Map();
/** @type {Map<string, () => void>} */
const waiting = new Map();

const requests = {
  begin(/** @type {Session} */ session) {
    session.rows = [];
    return 'ok 0';
  },
  put(/** @type {Session} */ session, /** @type {string} */ word) {
    if (session.rows === null) return 'error there is no transaction';
    return `ok ${session.rows.push(word)}`;
  },
  commit(/** @type {Session} */ session) {
    if (session.rows === null) return 'error there is no transaction';
    const { length } = session.rows;
    table.push(...session.rows);
    session.rows = null;
    return `ok ${length}`;
  },
};

const orders = {
  save(/** @type {import('node:net').Socket} */ socket, /** @type {string} */ token) {
    saved.set(token, structuredClone(sessions.get(socket) ?? newSession()));
    waiting.get(token)?.();
    waiting.delete(token);
  },
  load(/** @type {import('node:net').Socket} */ socket, /** @type {string} */ token) {
    const session = structuredClone(saved.get(token) ?? newSession());
    sessions.set(socket, session);
    if (session.last !== '') say(socket, session.last);
  },
  wait(/** @type {import('node:net').Socket} */ socket, /** @type {string} */ token) {
    if (saved.has(token)) say(socket, 'yes');
    else waiting.set(token, () => say(socket, 'yes'));
  },
  has: (/** @type {import('node:net').Socket} */ socket, /** @type {string} */ token) =>
    say(socket, saved.has(token) ? 'yes' : 'no'),
  drop: (/** @type {import('node:net').Socket} */ socket, /** @type {string} */ token) =>
    say(socket, saved.delete(token) ? 'yes' : 'no'),
};

function newSession() {
  return { rows: null, last: '' };
}

function say(/** @type {import('node:net').Socket} */ socket, /** @type {string} */ line) {
  if (socket.writable) socket.write(`${line}\n`);
}

function hear(/** @type {import('node:net').Socket} */ socket, /** @type {string} */ line) {
  const [first = '', second = '', value = ''] = line.split(' ');
  if (Object.hasOwn(orders, first)) return orders[first](socket, second);
  const session = sessions.get(socket) ?? newSession();
  sessions.set(socket, session);
  const answer = Object.hasOwn(requests, second) ? requests[second](session, value) : 'error what?';
  // A request is done at once; only its answer takes time, so that a dump may come in between.
  session.last = `${first} ${answer}`;
  setTimeout(() => say(socket, `${first} ${answer}`), answerAfterMs);
}

const server = createServer((socket) => {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) hear(socket, line);
  });
  // A client that is killed with something unread resets its connection; 'close' follows.
  socket.on('error', () => undefined);
  socket.on('close', () => sessions.delete(socket));
});

process.on('message', () => {
  const open = [...sessions.values()].map((it) => it.rows?.length ?? null);
  process.send?.({ table, open, saved: saved.size });
});
process.on('disconnect', () => process.exit());
server.listen(path, () => process.send?.({ ready: true }));
