import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('warm-process.js', import.meta.url));

/** A process of its own with the library in it. In a session of its own too: a Ctrl-C is for the bench, which ends it. */
export function startWarm() {
  const child = fork(program, { detached: true });
  const gone = ended(child);
  gone.catch(() => {});

  async function call(message) {
    child.send(message);
    const [answer] = await Promise.race([once(child, 'message'), gone]);
    if (answer.error !== undefined) throw new Error(`${message.work}() of the library failed: ${answer.error}`);
    return answer.ms;
  }

  async function end() {
    if (child.connected) child.disconnect();
    await gone.catch(() => {});
  }

  return {
    /** Dumps, leaves it running, gives milliseconds. */
    dump: (pid, images) => call({ work: 'dump', pid, images }),
    /** Restores, detached, gives milliseconds. */
    restore: (images) => call({ work: 'restore', images }),
    end,
  };
}

async function ended(child) {
  const [code, signal] = await once(child, 'exit');
  throw new Error(`the process with the library ended with ${signal ?? code}`);
}
