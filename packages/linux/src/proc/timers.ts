import { fields, hex } from './text.ts';

/** A timer of timer_create(2), as /proc/PID/timers shows it. */
export interface PosixTimer {
  readonly id: number;
  readonly signal: number;
  /** The sigval that comes with the signal: a number or a pointer. */
  readonly value: bigint;
  readonly notify: 'signal' | 'none' | 'thread';
  /** Whom it notifies: the process, or one thread. */
  readonly target: { readonly kind: 'pid' | 'tid'; readonly id: number };
  readonly clock: number;
}

/** Parses /proc/PID/timers: five lines a timer, the first of them its `ID`. */
export function parseTimers(text: string): PosixTimer[] {
  return text
    .split(/^(?=ID:)/m)
    .filter((part) => part.startsWith('ID:'))
    .map(parseTimer);
}

function parseTimer(text: string): PosixTimer {
  const all = fields(text);
  const [signal = '0', value = '0'] = (all.get('signal') ?? '').split('/');
  const [notify = '', target = ''] = (all.get('notify') ?? '').split('/');
  const [kind, id] = target.split('.');
  return {
    id: Number(all.get('ID')),
    signal: Number(signal),
    // a null pointer is printed by some kernels as (null)
    value: /^[0-9a-f]+$/.test(value) ? hex(value) : 0n,
    notify: notify === 'none' || notify === 'thread' ? notify : 'signal',
    target: { kind: kind === 'tid' ? 'tid' : 'pid', id: Number(id) },
    clock: Number(all.get('ClockID')),
  };
}
