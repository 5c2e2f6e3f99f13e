import type { Ability, Finding } from '@criujs/engine-kit';
import { errnoName } from '@criujs/linux';
import type { ProbeChild } from './child.ts';

/** One look at the machine. */
export interface Probe {
  readonly id: string;
  readonly title: string;
  readonly needs: readonly Ability[];
  look(child: ProbeChild): Finding;
}

export function ok(detail: string): Finding {
  return { state: 'ok', detail };
}

export function limited(detail: string, remedy: string): Finding {
  return { state: 'limited', detail, remedy };
}

export function missing(detail: string, remedy: string): Finding {
  return { state: 'missing', detail, remedy };
}

/** What to do about a system call that a kernel lacks or a filter forbids. */
export function callRemedy(call: string, since: string): string {
  return `The kernel has it since Linux ${since}. In a container, allow ${call} in the seccomp profile (docker: --security-opt seccomp=FILE, podman: the same).`;
}

/** A finding from the answer of a system call: negative is a failure. */
export function fromCall(result: number, call: string, since: string, works: string): Finding {
  return result >= 0 ? ok(works) : missing(`${call} fails with ${errnoName(-result)}`, callRemedy(call, since));
}
