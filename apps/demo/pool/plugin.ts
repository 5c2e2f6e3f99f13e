// Saves and brings back sessions at the database of service.js, and open files. It knows no engine: the application's own
// host (engine.js) loads it, and so does `criujs --plugin`.
import { randomUUID } from 'node:crypto';
import { fstatSync, openSync, statSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename } from 'node:path';
import { type Context, definePlugin, hook, notSupported, PluginError } from '@criujs/plugin-sdk';

/** What is recorded of a session. */
interface Session {
  readonly peer: string;
  readonly token: string;
}

/** Access modes of open(2): read, write, or both. */
const accessMode = 3;

export default definePlugin({
  name: 'pool',
  version: '1.0.0',
  hooks: [
    hook('DUMP_UNIX_SK', async ({ fd, inode, socket }, context) => {
      const peer = socket.peerName;
      if (socket.type !== 'stream' || peer === null || basename(peer) !== 'sessions.sock') return notSupported;
      const token = randomUUID();
      // Recorded first: whatever happens from now on, `exit` knows what to undo.
      await context.image.writeJson(`session-${inode}`, { peer, token });
      // In the stream behind all that the program said: the copy has it. Nothing is read, for answers are the program's.
      writeSync(fd, `save ${token}\n`);
      await ask(peer, `wait ${token}`, context.signal);
    }),

    hook('RESTORE_UNIX_SK', async ({ inode }, context) => {
      const { peer, token } = await context.image.readJson<Session>(`session-${inode}`);
      if ((await ask(peer, `has ${token}`, context.signal)) !== 'yes') {
        throw new PluginError(`${peer} does not know the session ${token}`, {
          remedy: 'Was the service started anew?',
        });
      }
      // Paused: the first answer belongs to the restored program.
      const connection = await connect(peer, context.signal);
      await new Promise<void>((resolve) => connection.write(`load ${token}\n`, () => resolve()));
      const { fd } = (connection as unknown as { _handle: { fd: number } })._handle;
      return { fd, close: () => void connection.destroy() };
    }),

    hook('DUMP_EXT_FILE', async ({ fd, id, file }, context) => {
      if (file.kind !== 'regular' || file.path === null) return notSupported;
      if (!isSameFile(fd, file.path)) {
        throw new PluginError(`${file.path} is not the file that is open`, { remedy: 'Was it replaced or removed?' });
      }
      await context.image.writeJson(`file-${id}`, { path: file.path });
    }),

    hook('RESTORE_EXT_FILE', async ({ id, file }, context) => {
      const { path } = await context.image.readJson<{ path: string }>(`file-${id}`);
      const { size } = statSync(path);
      if (size < file.position) {
        throw new PluginError(`${path} has ${size} bytes, and ${file.position} were written`, { errno: 'EINVAL' });
      }
      return openSync(path, file.flags & accessMode);
    }),
  ],

  async exit(stage, outcome, context) {
    if (stage === 'dump' && !outcome.ok) await forgetSessions(context);
  },
});

/** A dump that failed leaves no copies behind at the service. */
async function forgetSessions({ image, signal }: Context): Promise<void> {
  const names = (await image.names()).filter((name) => name.startsWith('session-'));
  for (const name of names) {
    const { peer, token } = await image.readJson<Session>(name);
    await ask(peer, `drop ${token}`, signal);
  }
}

/** Asks the service on a connection of our own. */
async function ask(peer: string, question: string, signal: AbortSignal): Promise<string> {
  const connection = await connect(peer, signal);
  try {
    connection.write(`${question}\n`);
    for await (const line of connection.setEncoding('utf8')) return String(line).trimEnd();
    throw new PluginError(`${peer} did not answer: ${question}`);
  } finally {
    connection.destroy();
  }
}

/** Connects without reading a byte. */
function connect(peer: string, signal: AbortSignal): Promise<Socket> {
  const socket = new Socket({ signal }).pause();
  return new Promise((resolve, reject) => {
    socket.on('error', (cause) => {
      reject(new PluginError(`${peer}: ${cause.message}`, { remedy: 'Start the service, then try again.', cause }));
    });
    socket.connect(peer, () => resolve(socket));
  });
}

function isSameFile(fd: number, path: string): boolean {
  const [open, named] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })];
  return named !== undefined && open.dev === named.dev && open.ino === named.ino;
}
