import { readFileSync } from 'node:fs';

/** PR_SET_PTRACER ("Yama"), by which a process says who may trace it, PR_SET_PTRACER_ANY, and nobody. PR_SET_PTRACER(2const). */
export const ptracer = { set: 0x59_61_6d_61, any: -1, none: 0 } as const;

/**
 * Whom the security module Yama lets trace: 0 all processes of a user, 1 ancestors and whom the process has named, 2
 * administrators, 3 nobody; null: there is no Yama. Documentation/admin-guide/LSM/Yama.rst of the kernel.
 */
export function yamaScope(): number | null {
  try {
    return Number(readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'latin1'));
  } catch {
    return null;
  }
}
