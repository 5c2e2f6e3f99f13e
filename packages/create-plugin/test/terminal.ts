import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

/** Why there is no pseudo-terminal here, or null. */
export const noTerminal: string | null =
  spawnSync('python3', ['-c', 'import pty, os; os.waitstatus_to_exitcode'], { stdio: 'ignore' }).status === 0
    ? null
    : 'python3 3.9 or newer, for a pseudo-terminal';

const keys = { enter: '\r', space: ' ', up: '\u001B[A', down: '\u001B[B', ctrlC: '\u0003', ctrlU: '\u0015' } as const;

/** A program in a terminal, and a person before it. */
export interface Terminal {
  /** Waits until this text has appeared, after what was waited for before. */
  sees(text: string): Promise<void>;
  types(text: string): void;
  presses(...names: readonly (keyof typeof keys)[]): void;
  /** All that was shown, as it was sent. */
  raw(): string;
  /** All that was shown, without colours and movements. */
  shown(): string;
  /** The exit code. */
  ended(): Promise<number>;
}

export function openTerminal(
  command: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Terminal {
  const driver = fileURLToPath(new URL('terminal.py', import.meta.url));
  const child: ChildProcess = spawn('python3', [driver, ...command], {
    ...options,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let raw = '';
  let seen = 0;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    raw += text;
  });
  const shown = (): string => stripVTControlCharacters(raw);
  return {
    raw: () => raw,
    shown,
    types: (text) => void child.stdin?.write(text),
    presses: (...names) => void child.stdin?.write(names.map((name) => keys[name]).join('')),
    async sees(text) {
      for (;;) {
        const at = shown().indexOf(text, seen);
        if (at >= 0) {
          seen = at + text.length;
          return;
        }
        const more = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), closed.then(() => null)]);
        if (more === null && !shown().includes(text, seen)) {
          throw new Error(`${JSON.stringify(text)} never appeared in:\n${shown().slice(seen)}`);
        }
      }
    },
    ended: async () => (await closed)[0] as number,
  };
}
