import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { LinuxError, readStat, readThreads, type Tracee, tracee, waitFor } from '@criujs/linux';

/** Waits until `what` is true, looking again and again; `name` is what the error says when it never becomes so. */
export async function until(name: string, what: () => boolean, deadline = 60_000): Promise<void> {
  const end = Date.now() + deadline;
  while (!what()) {
    if (Date.now() > end) throw new Error(`waited ${deadline} ms in vain until ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A process that is no child of Node's: the event loop must not hear of the stops of a tracee. */
export interface Stranger extends AsyncDisposable {
  readonly pid: number;
}

/** Starts a shell command in the background of a shell that ends at once. */
export async function startStranger(command: string, cwd?: string): Promise<Stranger> {
  const script = `${command} </dev/null >/dev/null 2>&1 & echo $!`;
  const pid = Number(execFileSync('sh', ['-c', script], { encoding: 'utf8', ...(cwd === undefined ? {} : { cwd }) }));
  const { startTime } = readStat(pid);
  return {
    pid,
    async [Symbol.asyncDispose]() {
      if (alive(pid) && readStat(pid).startTime === startTime) process.kill(pid, 'SIGKILL');
      reapTraced(pid);
      await until(`${pid} is gone`, () => !alive(pid));
    },
  };
}

/** Whether there is such a process and it is no zombie. */
export function alive(pid: number): boolean {
  try {
    return existsSync(`/proc/${pid}`) && readStat(pid).state !== 'Z';
  } catch (error) {
    if (error instanceof LinuxError) return false;
    throw error;
  }
}

/** A process that sleeps in a system call, so that what it does next is known. */
export async function startSleeper(): Promise<Stranger> {
  const sleeper = await startStranger('exec sleep 600');
  await until('it sleeps', () => alive(sleeper.pid) && readStat(sleeper.pid).comm === 'sleep' && sleeping(sleeper.pid));
  return sleeper;
}

/** Whether all its threads sleep. */
function sleeping(pid: number): boolean {
  return readThreads(pid).every((tid) => readStat(pid, tid).state === 'S');
}

/** Attaches to a thread and stops it. */
export function seizeStopped(tid: number, options: number): Tracee {
  const thread = tracee(tid);
  thread.seize(options);
  thread.interrupt();
  thread.waitStop();
  return thread;
}

/** Ends and reaps a child that only we know. */
export function endChild(pid: number): void {
  process.kill(pid, 'SIGKILL');
  for (let stop = waitFor(pid); stop?.kind === 'stopped'; ) stop = waitFor(pid);
}

/** A tracer hears of a tracee's death first: until it listens, the parent does not. */
function reapTraced(pid: number): void {
  try {
    for (let stop = waitFor(pid); stop?.kind === 'stopped'; ) stop = waitFor(pid);
  } catch (error) {
    if (!(error instanceof LinuxError) || error.code !== 'ECHILD') throw error;
  }
}
