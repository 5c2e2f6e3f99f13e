import { fstatSync } from 'node:fs';
import { deviceStat } from '@criujs/engine-kit/externals';
import { LinuxError, openPath, type Vma } from '@criujs/linux';
import type { Provider } from '@criujs/plugin-sdk';
import type { Session } from '../../run/session.ts';
import { openFlag } from './flags.ts';
import type { SeenProcess } from './held.ts';
import { closeLent } from './plugin-descriptor.ts';

/** A device that a plugin took. */
export interface TakenDevice {
  readonly process: SeenProcess;
  /** The map in words. */
  readonly resource: string;
  readonly provider: Provider;
}

/** Asks plugins about mapped devices, once for each device however many maps there are of it. */
export interface MappedDevices {
  /** Whether a plugin takes the map. @throws EngineError what the plugin throws */
  take(process: SeenProcess, vma: Vma, resource: string): boolean;
  /** Those that plugins took, each with the first map of it. */
  readonly taken: readonly TakenDevice[];
}

export function createMappedDevices({ hooks }: Session): MappedDevices {
  const answers = new Map<string, boolean>();
  const taken: TakenDevice[] = [];

  function ask(process: SeenProcess, vma: Vma, resource: string): boolean {
    const { pid, command } = process;
    const fd = openMapped(pid, vma);
    try {
      const args = { fd, stat: deviceStat(fstatSync(fd, { bigint: true })) };
      const answer = hooks.call('HANDLE_DEVICE_VMA', args, { resource: `${pid} (${command}) ${resource}` });
      if (answer.claimed)
        taken.push({ process, resource, provider: { name: answer.plugin, version: answer.version ?? null } });
      return answer.claimed;
    } finally {
      closeLent(fd);
    }
  }

  return {
    taken,
    take(process, vma, resource) {
      if (!hooks.serves('HANDLE_DEVICE_VMA')) return false;
      const key = `${vma.major}:${vma.minor} ${vma.inode}`;
      const answer = answers.get(key) ?? ask(process, vma, resource);
      answers.set(key, answer);
      return answer;
    },
  };
}

/** What is mapped, without opening the device. Its link needs CAP_CHECKPOINT_RESTORE (proc_pid_map_files(5)); else its path does. */
function openMapped(pid: number, { start, end, name }: Vma): number {
  const flags = openFlag.O_PATH | openFlag.O_CLOEXEC;
  try {
    return openPath(`/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`, flags);
  } catch (error) {
    if (error instanceof LinuxError) return openPath(name, flags);
    throw error;
  }
}
