// One connection of the pool, as any client library would make it: numbered requests, an answer for each.
import { connect, Socket } from 'node:net';

/** A new connection, with a transaction. */
export async function openSession(path) {
  const socket = connect(path);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const session = sessionOn(socket, path, 0);
  await session.ask('begin');
  return session;
}

/** A connection that is open already, and what it has asked so far. */
export function resumeSession(fd, path, asked) {
  return sessionOn(new Socket({ fd, readable: true, writable: true }), path, asked);
}

function sessionOn(socket, path, asked) {
  let number = asked;
  let rest = '';
  const waiting = new Map();
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [of, ...answer] = line.split(' ');
      // Nobody waits: an answer that came before the dump, and once more after the restore.
      waiting.get(Number(of))?.(answer.join(' '));
      waiting.delete(Number(of));
    }
  });
  return {
    path,
    asked: () => number,
    /** Node has no other way to say it; on Windows there is none at all. */
    fd: () => socket._handle.fd,
    ask(request) {
      number++;
      return new Promise((resolve) => {
        waiting.set(number, resolve);
        socket.write(`${number} ${request}\n`);
      });
    },
  };
}
