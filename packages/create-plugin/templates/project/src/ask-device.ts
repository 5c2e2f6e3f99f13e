import { connect } from 'node:net';
import { join } from 'node:path';
import { PluginError } from '@criujs/plugin-sdk';

/**
 * Sends one line to the control socket of the device, and returns the line that it answers.
 * @throws PluginError when the device is missing, does not know the session, or the hook's time is over
 */
export async function askDevice(folder: string, words: readonly string[], signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  const path = join(folder, 'control');
  return new Promise((resolve, reject) => {
    const fail = (message: string, cause?: unknown): void =>
      reject(new PluginError(message, { errno: 'ENODEV', remedy: `See that the device at ${folder} runs.`, cause }));
    const socket = connect({ path, ...(signal && { signal }) });
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', (error) => fail(error.message, error));
    socket.on('end', () => {
      const [state, ...rest] = answer.trim().split(' ');
      if (state === 'ok') resolve(rest.join(' '));
      else fail(`the device answered ${words.join(' ')} with ${answer.trim() || 'nothing'}`);
    });
    socket.end(`${words.join(' ')}\n`);
  });
}
