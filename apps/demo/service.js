// The service outside of the tree: it beats for whoever connects, and remembers what it was told. Started with fork(), it
// answers the demo's questions over that channel.
import { createServer } from 'node:net';

const [path] = process.argv.slice(2);
const beatMs = 10;

/** All counts that any connection told, in order. */
const counts = [];
let connections = 0;
/** @type {import('node:net').Socket | null} */
let current = null;
/** @type {((answer: string) => void)[]} */
const waitingForDevice = [];

const hears = {
  count(/** @type {import('node:net').Socket} */ socket, /** @type {string} */ number) {
    counts.push(Number(number));
    // The next beat only follows an answer: none is ever lost on the way.
    setTimeout(() => socket.writable && socket.write('beat\n'), beatMs);
  },
  device(/** @type {import('node:net').Socket} */ _socket, /** @type {string} */ answer) {
    waitingForDevice.shift()?.(answer);
  },
};

const server = createServer((socket) => {
  connections++;
  current = socket;
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [word, value] = line.split(' ');
      hears[word]?.(socket, value);
    }
  });
  // A program that is killed with something unread resets its connection; 'close' follows.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (current === socket) current = null;
  });
  // The program may have been in the middle of a word when it was dumped: the first newline ends that.
  socket.write('\nbeat\n');
});

const answers = {
  status: async () => ({
    connections,
    connected: current !== null,
    count: counts.at(-1) ?? 0,
    inOrder: counts.every((it, at) => it === at + 1),
  }),
  device: () =>
    new Promise((resolve) => {
      waitingForDevice.push(resolve);
      current?.write('device\n');
    }),
};

process.on('message', async ({ id, ask }) => process.send?.({ id, answer: await answers[ask]() }));
process.on('disconnect', () => process.exit());
server.listen(path, () => process.send?.({ ready: true }));
