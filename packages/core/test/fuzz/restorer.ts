import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { nobody } from '../harness/command.ts';
import { installedFor } from '../harness/installed.ts';
import { isRoot } from '../harness/machine.ts';
import type { Place } from '../harness/place.ts';

/** What came of one restore. */
export interface Outcome {
  /** `restored`, a code, or `hang`. */
  readonly code: string;
  readonly message?: string;
  readonly remedy?: string;
  readonly stack?: string;
  readonly ms: number;
  /** Processes that are there and should not be. */
  readonly left: readonly string[];
  /** Open descriptors of the process that restored. */
  readonly descriptors: number;
  readonly mostMiB: number;
  /** What the restored processes had, each of them that still lived. */
  readonly held?: readonly Holdings[];
}

/** What a process has: lines of its status, links of its descriptors and directories, its maps. proc(5) */
export interface Holdings {
  readonly Uid: string;
  readonly Gid: string;
  readonly Groups: string;
  readonly CapInh: string;
  readonly CapPrm: string;
  readonly CapEff: string;
  readonly CapAmb: string;
  readonly open: readonly string[];
  readonly maps: string;
}

/** A process that restores what it is given. */
export interface Restorer {
  restore(images: string): Promise<Outcome>;
  /** Ends it and everything in its namespace. */
  end(): Promise<void>;
}

/** Longer than any restore of a small program takes on a busy machine, in milliseconds. */
const patience = 30_000;

/** What restored programs may use: they may do anything. prlimit(1). */
const limits = ['--nproc=400', '--fsize=67108864', '--core=0', '--nofile=1024', '--data=4294967296'];

/**
 * Hostile images make programs that run what they like: alone, and as an ordinary user without a way to more; or, where it is root
 * who restores, it must be that user's images.
 */
export async function openRestorer(place: Place, who: 'nobody' | 'root' = 'nobody'): Promise<Restorer> {
  const criujs = await installedFor(place, { asNobody: isRoot });
  const script = `${place.fresh('restorer')}.mjs`;
  copyFileSync(fileURLToPath(new URL('restorer.mjs', import.meta.url)), script);
  const library = join(
    dirname(dirname(criujs)),
    criujs.includes('node_modules') ? '../@criujs/core' : '../core',
    'dist/index.js',
  );
  let child: ChildProcess | undefined;
  let answers: AsyncIterator<string> | undefined;

  function start(): { child: ChildProcess; answers: AsyncIterator<string> } {
    const [file = '', ...args] = commandLine(script, library, who);
    const started = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: started.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    child = started;
    answers = lines;
    return { child: started, answers: lines };
  }

  async function end(): Promise<void> {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill('SIGKILL');
    await ended;
  }

  let answered = false;
  return {
    async restore(images) {
      const running = child === undefined || answers === undefined ? start() : { child, answers };
      running.child.stdin?.write(`${images}\n`);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<null>((give) => {
        timer = setTimeout(() => give(null), patience);
      });
      const line = await Promise.race([running.answers.next(), late]);
      clearTimeout(timer);
      if (line !== null && !line.done) {
        answered = true;
        return JSON.parse(line.value) as Outcome;
      }
      await end();
      if (!answered) throw new Error('the process that restores does not even begin');
      const code = line === null ? 'hang' : 'died';
      return { code, ms: patience, left: [], descriptors: 0, mostMiB: 0 };
    },
    end,
  };
}

function commandLine(script: string, library: string, who: 'nobody' | 'root'): string[] {
  const node = [process.execPath, script, library];
  if (!isRoot) return ['prlimit', ...limits, 'setpriv', '--no-new-privs', ...node];
  const asNobody = [
    'setpriv',
    `--reuid=${nobody}`,
    `--regid=${nobody}`,
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
  ];
  const user = who === 'root' ? [] : asNobody;
  // The shell reaps what the restores leave to it.
  const shell = ['sh', '-c', '"$@" alone; exit $?', 'sh', ...node];
  return ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', 'prlimit', ...limits, ...user, ...shell];
}
