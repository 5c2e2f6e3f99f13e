import { readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Context, type HookHandler, type Outcome, type Pid, PluginError, type Stage } from '@criujs/plugin-sdk';
import { askDevice } from './ask-device.ts';

/** The folder of the accelerator's control socket and sessions. */
const folder = (): string => process.env['PRETEND_DEVICE'] ?? '/run/pretend-device';

/** What `checkpoint` leaves for `resume` in the plugin's own part of the images, for each session. */
interface SavedSession {
  readonly state: string;
}

/** Sessions that are stopped since `pause`. */
const paused = new Set<string>();

/** A process is about to be frozen: the device must not work for it any more. */
export const pause: HookHandler<'PAUSE_DEVICES'> = async ({ pid }, { log, signal }) => {
  for (const session of sessionsOf(pid, folder())) {
    await askDevice(folder(), ['pause', session], signal);
    paused.add(session);
    log.info(`paused ${session} of process ${pid}`);
  }
};

/** All processes and their sessions are stopped: save what the device holds for them. */
export const checkpoint: HookHandler<'CHECKPOINT_DEVICES'> = async ({ pid }, { image, signal }) => {
  for (const session of sessionsOf(pid, folder())) {
    const state = await askDevice(folder(), ['save', session], signal);
    await image.writeJson(`session-${session}`, { state } satisfies SavedSession);
  }
};

/** A restored process is about to run: the device resumes its work. */
export const resume: HookHandler<'RESUME_DEVICES_LATE'> = async ({ pid }, { image, log, signal }) => {
  for (const session of sessionsOf(pid, folder())) {
    const { state } = await image.readJson<SavedSession>(`session-${session}`);
    // Images may come from anywhere: send the device nothing that it would not have said itself.
    if (!/^\d+$/.test(state)) {
      throw new PluginError(`the state of ${session} is none`, { errno: 'EINVAL', remedy: 'Dump again.' });
    }
    await askDevice(folder(), ['load', session, state], signal);
    await askDevice(folder(), ['resume', session], signal);
    log.info(`resumed ${session} of process ${pid}`);
  }
};

/** A dump has ended. Processes that run on, because it failed or was asked to leave them running, have work to do. */
export async function exit(stage: Stage, outcome: Outcome, { log }: Context): Promise<void> {
  const sessions = [...paused];
  paused.clear();
  const goOn = (session: string) => askDevice(folder(), ['resume', session]);
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
