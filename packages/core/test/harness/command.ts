import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How a command ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Run as the user nobody: needs root. */
  readonly asNobody?: boolean;
  /** Descriptors that it gets as 3, 4 and so on. */
  readonly descriptors?: readonly number[];
}

/** The user that tests of the engine without rights run as. */
export const nobody = 65534;

/** A command line that does the same as the user nobody. */
function asNobody(command: readonly string[]): string[] {
  return ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', ...command];
}

/** Runs a command to its end without blocking: services in this process go on. Never rejects for how it ended. */
export async function run(command: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const [file = '', ...args] = options.asNobody ? asNobody(command) : command;
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', ...(options.descriptors ?? [])],
  });
  const said = { stdout: '', stderr: '' };
  if (child.stdout === null || child.stderr === null) throw new Error('it has no output');
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, ...said };
}

/** The same, for commands that must succeed. @throws Error with what the command said */
export async function runWell(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, signal, stdout, stderr } = await run(command, options);
  if (code === 0) return stdout;
  throw new Error(`${command.join(' ')} ended with ${signal ?? code}\n${stderr}${stdout}`);
}
