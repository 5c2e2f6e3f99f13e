import { arena } from '../arena.ts';
import { actionLayout } from '../processor/processor.ts';
import { syscall } from '../syscall.ts';

/** What a process does at a signal, sigaction(2). */
export interface Action {
  /** An address, or {@link defaultHandler} or {@link ignoringHandler}. */
  readonly handler: number;
  readonly flags: number;
  readonly restorer: number;
  readonly mask: bigint;
}

/** SIG_DFL and SIG_IGN, signal(7). */
export const defaultHandler = 0;
export const ignoringHandler = 1;

/** Flags of an action. asm/signal.h of x86. */
export const actionFlag = {
  SA_SIGINFO: 0x4,
  SA_RESTORER: 0x0400_0000,
  SA_ONSTACK: 0x0800_0000,
  SA_RESETHAND: 0x8000_0000,
} as const;

/** Asks for the action of a signal. Not through the C library, which would hide the restorer. */
export function readAction(signal: number): Action {
  return arena.scope(() => {
    const { address, view } = arena.alloc(actionLayout.size);
    syscall('rt_sigaction', signal, 0, address, actionLayout.maskSize);
    return {
      handler: Number(view.getBigUint64(actionLayout.handler, true)),
      flags: Number(view.getBigUint64(actionLayout.flags, true)),
      restorer: Number(view.getBigUint64(actionLayout.restorer, true)),
      mask: view.getBigUint64(actionLayout.mask, true),
    };
  });
}

/** Sets the action of a signal for the whole process. */
export function setAction(signal: number, action: Action): void {
  arena.scope(() => {
    const { address, view } = arena.alloc(actionLayout.size);
    view.setBigUint64(actionLayout.handler, BigInt(action.handler), true);
    view.setBigUint64(actionLayout.flags, BigInt(action.flags), true);
    view.setBigUint64(actionLayout.restorer, BigInt(action.restorer), true);
    view.setBigUint64(actionLayout.mask, action.mask, true);
    syscall('rt_sigaction', signal, address, 0, actionLayout.maskSize);
  });
}
