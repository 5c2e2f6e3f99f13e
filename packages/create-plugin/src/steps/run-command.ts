import { type ChildProcess, spawn } from 'node:child_process';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How a command ended. */
export interface Ended {
  /** Null: it could not be started, or a signal ended it. */
  readonly code: number | null;
  /** What it printed; empty when it was shown at once. */
  readonly output: string;
  /** Whether Ctrl-C was pressed, or this process was asked to end, meanwhile. */
  readonly interrupted: boolean;
}

/** How a command is run. */
export interface RunOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Show what it prints instead of collecting it. */
  readonly show?: boolean;
  /** Called with each line that it prints, unless it is shown. */
  onLine?(line: string): void;
}

/**
 * Runs a command to its end. Ctrl-C reaches it as well, other requests to end are handed on; this process outlives it,
 * to tell what is left to do.
 */
export async function runCommand(command: readonly string[], options: RunOptions): Promise<Ended> {
  const { cwd, environment, show = false, onLine } = options;
  const [program = '', ...args] = command;
  let output = '';
  let interrupted = false;
  let endedBy: NodeJS.Signals | null = null;
  let child: ChildProcess | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    interrupted = true;
    // A terminal sends Ctrl-C to both of us.
    if (signal !== 'SIGINT') child?.kill(signal);
  };
  // Before it begins: it may ask us to end at once.
  for (const signal of signals) process.on(signal, stop);
  try {
    const started = spawn(program, args, {
      cwd,
      env: environment,
      // The child's stdout goes to our stderr: stdout may be for machines.
      stdio: show ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const line = text.trim().split('\n').at(-1);
        if (line) onLine?.(line);
      });
    }
    const code = await new Promise<number | null>((resolve) => {
      started.once('error', (error) => {
        output += error.message;
        resolve(null);
      });
      started.once('close', (code, signal) => {
        endedBy = signal;
        resolve(code);
      });
    });
    return { code, output, interrupted: interrupted || signals.some((it) => it === endedBy) };
  } finally {
    // Ctrl-C may end it before it reaches us: then it is still on its way, and must not end us, too.
    for (const signal of signals) if (signal !== 'SIGINT' || endedBy !== signal) process.off(signal, stop);
  }
}
