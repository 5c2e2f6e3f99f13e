import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { newPids } from './engines.js';

const program = fileURLToPath(new URL('warm-process.js', import.meta.url));

/** A process of its own with the library in it. In a session of its own too: a Ctrl-C is for the bench, which ends it. */
export function startWarm() {
  const child = fork(program, { detached: true });
  const gone = once(child, 'exit');

  async function call(message) {
    child.send(message);
    const [answer] = await Promise.race([once(child, 'message'), gone]);
    if (answer?.ms === undefined) throw new Error(`${message.work}() failed: ${answer?.error ?? 'its process ended'}`);
    return answer;
  }

  async function end() {
    if (child.connected) child.disconnect();
    await gone;
  }

  return {
    /** @returns {Promise<{ pid: number, ms: number }>} */
    dump: (pid, images) => call({ work: 'dump', pid, images, leaveRunning: true }),
    /** @returns {Promise<{ pid: number, ms: number }>} */
    restore: (images) => call({ work: 'restore', images, detach: true, newPids }),
    end,
  };
}
