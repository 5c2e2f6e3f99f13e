import { readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Context, type HookHandler, type Outcome, type Pid, PluginError, type Stage } from '@criujs/plugin-sdk';
import { askDevice } from './ask-device.ts';
import type { Options } from './options.ts';

/** What `checkpoint` leaves for `resume` in the plugin's own part of the images, for each session. */
interface SavedSession {
  readonly state: string;
}

/** Sessions that are stopped since `pause`. */
const paused = new Set<string>();

/** A process is about to be frozen: the device must not work for it any more. */
export const pause: HookHandler<'PAUSE_DEVICES', Options> = async ({ pid }, { log, signal, options }) => {
  for (const session of sessionsOf(pid, options.accelerator)) {
    await askDevice(options.accelerator, ['pause', session], signal);
    paused.add(session);
    log.info(`paused ${session} of process ${pid}`);
  }
};

/** All processes and their sessions are stopped: save what the device holds for them. */
export const checkpoint: HookHandler<'CHECKPOINT_DEVICES', Options> = async ({ pid }, { image, signal, options }) => {
  for (const session of sessionsOf(pid, options.accelerator)) {
    const state = await askDevice(options.accelerator, ['save', session], signal);
    await image.writeJson(`session-${session}`, { state } satisfies SavedSession);
  }
};

/** A restored process is about to run: the device resumes its work. */
export const resume: HookHandler<'RESUME_DEVICES_LATE', Options> = async ({ pid }, { image, log, signal, options }) => {
  for (const session of sessionsOf(pid, options.accelerator)) {
    const { state } = await image.readJson<SavedSession>(`session-${session}`);
    // Images may come from anywhere: send the device nothing that it would not have said itself.
    if (!/^\d+$/.test(state)) {
      throw new PluginError(`the state of ${session} is none`, { errno: 'EINVAL', remedy: 'Dump again.' });
    }
    await askDevice(options.accelerator, ['load', session, state], signal);
    await askDevice(options.accelerator, ['resume', session], signal);
    log.info(`resumed ${session} of process ${pid}`);
  }
};

/** A dump has ended. Processes that run on, because it failed or was asked to leave them running, have work to do. */
export async function exit(stage: Stage, outcome: Outcome, { log, options }: Context<Options>): Promise<void> {
  const sessions = [...paused];
  paused.clear();
  const goOn = (session: string) => askDevice(options.accelerator, ['resume', session]);
  const asked = await Promise.allSettled(sessions.map(goOn));
  const errors = asked.flatMap((it) => (it.status === 'rejected' ? [it.reason] : []));
  if (errors.length > 0) throw new AggregateError(errors, 'sessions stay paused');
  if (!outcome.ok && sessions.length > 0) log.warn(`the ${stage} failed: ${sessions.join(', ')} goes on`);
}

/** A session belongs to the process that holds its file open, whatever its pid. */
function sessionsOf(pid: Pid, folder: string): string[] {
  const directory = `/proc/${pid}/fd`;
  const links = numbersIn(directory).map((fd) => linkOf(join(directory, fd)));
  const sessions = links.filter((link) => dirname(link) === join(folder, 'sessions'));
  return [...new Set(sessions.map((link) => basename(link)))];
}

function numbersIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // The process has ended meanwhile.
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // It was closed meanwhile.
    return '';
  }
}
