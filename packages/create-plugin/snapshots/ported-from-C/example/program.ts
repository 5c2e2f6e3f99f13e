import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

/** What the program is to hold. */
export interface Belongings {
  /** Where it counts. */
  readonly log: string;
  /** A device and a descriptor of it; null where this machine has none. */
  readonly device: { readonly path: string; readonly fd: number } | null;
}

/** The running example program. */
export interface Program {
  /** Another one after a restore with new pids: set it then. */
  pid: number;
  /** What it has counted to. @throws Error when it has found that something is not as it was */
  count(): number;
  /** Waits until it has counted on. */
  advance(): Promise<void>;
  end(): void;
}

/** Starts it and waits until it counts. */
export async function startProgram(belongings: Belongings): Promise<Program> {
  const { log } = belongings;
  const child = spawn('bash', [fileURLToPath(new URL('program.sh', import.meta.url))], {
    // A session of its own: nobody else's signals and terminal.
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', belongings.device?.fd ?? 'ignore'],
    env: {
      ...process.env,
      LOG: log,
      DEVICE: belongings.device?.path ?? '',
    },
  });
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));

  function lastLine(): string {
    const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
    const failure = lines.find((line) => line.startsWith('FAIL'));
    if (failure !== undefined) throw new Error(`the program found: ${failure}`);
    return lines.at(-1) ?? '0';
  }
  const count = (): number => Number.parseInt(lastLine(), 10);
  const program: Program = {
    pid: child.pid ?? 0,
    count,
    async advance() {
      const goal = count() + 3;
      await until('the program counts on', () => count() >= goal);
    },
    end() {
      try {
        process.kill(program.pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    },
  };
  try {
    await program.advance();
  } catch (error) {
    program.end();
    throw error;
  }
  return program;
}
