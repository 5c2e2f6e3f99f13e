import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { EngineError } from '@criujs/core';
import { PackageError } from './package-error.ts';

/** How a program ended, and what it said. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningOptions {
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
}

/** Characters of output that are kept; a program that says more is not believed. */
const most = 32 << 20;

/**
 * Runs a program of the user's, as npm, to its end, with the user's settings.
 * @throws PackageError INSTALLER_MISSING; EngineError ABORTED
 */
export async function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, signal }: RunningOptions,
): Promise<Said> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      if (said[stream].length < most) said[stream] += text;
    });
  }
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (signal?.aborted) throw new EngineError('ABORTED', `${program} was ended`);
    return { code, ...said };
  } catch (error) {
    if (signal?.aborted) throw new EngineError('ABORTED', `${program} was ended`);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new PackageError(
      'INSTALLER_MISSING',
      `there is no program ${program} in PATH`,
      program === 'npm' ? 'Install npm: it comes with Node.' : `Install ${program}, or use npm in this project.`,
    );
  }
}

/** The last lines of what a program said, for an error. */
export function lastLines({ stderr, stdout }: Said): string {
  const text = stderr.trim() === '' ? stdout : stderr;
  return text.trim().split('\n').slice(-8).join('\n');
}
