import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The longest that one command may take, in milliseconds: one that takes longer hangs. */
const patience = 300_000;

/**
 * Runs a command to its end. In a session of its own: a Ctrl-C is for the bench, which lets the command finish and then cleans up.
 * @returns {Promise<{ ms: number, stdout: string }>} how long it took, from its start to its end
 * @throws Error with the end of what it said
 */
export async function run([file, ...args]) {
  const begun = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let ms = 0;
  child.once('exit', () => {
    ms = performance.now() - begun;
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'])
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text;
    });
  const tooLong = setTimeout(() => child.kill('SIGKILL'), patience);
  const [code, signal] = await once(child, 'close').finally(() => clearTimeout(tooLong));
  if (code === 0) return { ms, stdout: said.stdout };
  const lines = `${said.stdout}${said.stderr}`.trim().split('\n').slice(-8).join('\n');
  throw new Error(`${[file, ...args].join(' ')} ended with ${signal ?? code}\n${lines}`);
}
