import type { FoundRefusal } from '@criujs/engine-kit';
import { descriptorResource } from '../kinds/files/describe.ts';
import type { Holder, Problem, SeenProcess } from '../kinds/files/held.ts';
import type { InFlight } from './in-flight.ts';
import { holdersByProcess } from './same.ts';

/** Problems with files as a user is told of them. */
export interface Refusals {
  commandOf(pid: number): string | undefined;
  /** One of a process. */
  of(pid: number, problem: Problem): FoundRefusal;
  /** One for each process that has the file open, or the socket in which it waits. */
  ofHolders(holders: readonly Holder[], problem: Problem): FoundRefusal[];
}

export function refusalsOf(processes: readonly SeenProcess[], { carrierOf }: Pick<InFlight, 'carrierOf'>): Refusals {
  const commands = new Map(processes.map(({ pid, command }) => [pid, command]));

  function of(pid: number, { file, why, remedy, passes, questions }: Problem): FoundRefusal {
    const command = commands.get(pid);
    return {
      pid,
      ...(command !== undefined && { command }),
      resource: file,
      why,
      remedy,
      ...(passes && { passes }),
      ...(questions && { questions }),
    };
  }

  return {
    of,
    commandOf: (pid) => commands.get(pid),
    ofHolders: (holders, problem) =>
      [...holdersByProcess(holders)].flatMap(([pid, fds]) => {
        const { file } = problem;
        if (pid !== process.pid) return [of(pid, { ...problem, file: descriptorResource(fds, file) })];
        // What the engine has itself is on its way through a socket.
        return fds.flatMap((fd) => {
          const carrier = carrierOf(fd);
          if (carrier === undefined) return [];
          const waiting = `${carrier.socket}, in which ${file} waits`;
          return [of(carrier.holder.pid, { ...problem, file: descriptorResource([carrier.holder.fd], waiting) })];
        });
      }),
  };
}
