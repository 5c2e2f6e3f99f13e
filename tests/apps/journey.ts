import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, run } from '../../packages/core/test/harness/command.ts';
import { runs } from '../../packages/core/test/harness/processes.ts';
import { until } from '../../packages/core/test/harness/wait.ts';
import type { App, Load } from './app.ts';
import { clear, launch, openGround } from './ground.ts';

/** What a journey has seen. */
export interface Seen {
  /** How long the tree stood still in a dump that left it running, in milliseconds. */
  readonly frozenMs: number;
  /** Of the images of that dump. */
  readonly imageBytes: number;
  /** How often its client was answered. */
  readonly answers: number;
}

/** Whose command line it is, and how it is called. */
export interface Traveller {
  readonly bin: readonly string[];
  /** Options of every dump and restore. */
  readonly more: readonly string[];
  /** Dumps that end the tree, each with a restore. */
  readonly rounds: number;
}

/** Answers that the client must get after each step. */
const enough = 20;

/**
 * An application in use by somebody: dumped while it runs on, then dumped, ended and restored. The client must not see more than a pause.
 * @throws Error what went wrong, and where
 */
export async function travel(app: App, { bin, more, rounds }: Traveller): Promise<Seen> {
  const at = await openGround(app);
  const options = [...more, ...(app.options ?? ['--tcp-established'])];
  const criujs = async (command: 'dump' | 'restore', images: string, ...args: readonly string[]): Promise<Answer> =>
    answerOf(await run([...bin, command, '-D', join(at.folder, images), '--json', ...args, ...options]));
  let pid: number | null = null;
  try {
    await app.prepare?.(at);
    pid = await launch(app, at);
    const root = pid;
    await app.ready(at);
    const load = await app.load(at);
    await progress(load, 'at first');
    const { frozenMs = 0 } = await criujs('dump', 'images', '-t', String(root), '--leave-running');
    const imageBytes = sizeOf(join(at.folder, 'images'));
    await progress(load, 'after a dump that left it running');
    for (let round = 1; round <= rounds; round++) {
      await criujs('dump', `images-${round}`, '-t', String(root));
      await until('it has ended', () => !runs(root));
      await criujs('restore', `images-${round}`, '--detach', ...(app.back ?? []));
      await progress(load, `after restore ${round}`);
    }
    const answers = load.done();
    await load.stop();
    await app.check?.(at, load.done());
    return { frozenMs, imageBytes, answers };
  } finally {
    await clear(pid, at);
  }
}

interface Answer {
  readonly frozenMs?: number;
}

function answerOf({ code, stdout, stderr }: Ended): Answer {
  if (code === 0) return JSON.parse(stdout) as Answer;
  throw new Error(stdout === '' ? stderr : wordsOf(stdout));
}

/** The error of a command, and what it refuses. */
function wordsOf(stdout: string): string {
  const { error } = JSON.parse(stdout) as {
    error: { message: string; refusals?: { resource: string; why: string }[] };
  };
  const [first] = error.refusals ?? [];
  return first === undefined ? error.message : `${first.resource}: ${first.why}`;
}

async function progress(load: Load, when: string): Promise<void> {
  const goal = load.done() + enough;
  await until(`its client is answered ${when}`, () => load.done() >= goal).catch((error: Error) => {
    throw new Error(`${when}: ${error.message}`, { cause: error });
  });
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile())
    .reduce((sum, it) => sum + statSync(join(it.parentPath, it.name)).size, 0);
}
