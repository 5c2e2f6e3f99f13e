import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askDevice } from '../src/ask-device.ts';

/** The running pretend device, a process of its own. */
export interface PretendDevice {
  readonly folder: string;
  /** Begins to work, and gives the path of the session's file: a process that has it open owns the session. */
  openSession(name: string): Promise<string>;
  /** What it has done in a session. */
  done(name: string): number;
  /** Ends it and starts another one, which knows of no session: as after a reboot. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

export async function startPretendDevice(folder: string): Promise<PretendDevice> {
  mkdirSync(folder, { recursive: true });
  let device = await start(folder);
  const end = async (): Promise<void> => {
    const ended = once(device, 'exit');
    if (device.kill('SIGKILL')) await ended;
  };
  return {
    folder,
    openSession: (name) => askDevice(folder, ['open', name]),
    done: (name) => Number(readFileSync(join(folder, 'sessions', name), 'utf8')),
    async restart() {
      await end();
      device = await start(folder);
    },
    end,
  };
}

/** Ready when it says so. */
async function start(folder: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('pretend-device.mjs', import.meta.url));
  const device = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(device.stdout, 'data');
  return device;
}
