import { arena } from '../arena.ts';
import { closeFd } from '../descriptors/own.ts';
import { trySyscall } from '../syscall.ts';

/** `struct perf_event_attr` up to its `bp_len`, and what of it a breakpoint needs. perf_event_open(2), linux/perf_event.h */
const attributes = { length: 72, type: 0, size: 4, flags: 40, bpType: 52, bpAddress: 56, bpLength: 64 } as const;
const PERF_TYPE_BREAKPOINT = 5;
/** `exclude_kernel` and `exclude_hv`: what an ordinary user may ask for too. */
const EXCLUDE_KERNEL_AND_HYPERVISOR = 0x60;
/** linux/hw_breakpoint.h */
const HW_BREAKPOINT_W = 2;
const watchedLength = 4;

/**
 * Whether the processor's debug registers work: one watches a word of ours, which is then written. Some virtual machines
 * take such a breakpoint and never report it; a debugger, and CRIU, then wait for ever.
 * null: the kernel does not tell (perf_event_open(2) is forbidden, or not built in).
 */
export function breakpointsWork(): boolean | null {
  return arena.scope(() => {
    const watched = arena.alloc(watchedLength);
    const { address, view } = arena.alloc(attributes.length);
    view.setUint32(attributes.type, PERF_TYPE_BREAKPOINT, true);
    view.setUint32(attributes.size, attributes.length, true);
    view.setUint32(attributes.flags, EXCLUDE_KERNEL_AND_HYPERVISOR, true);
    view.setUint32(attributes.bpType, HW_BREAKPOINT_W, true);
    view.setBigUint64(attributes.bpAddress, BigInt(watched.address), true);
    view.setBigUint64(attributes.bpLength, BigInt(watchedLength), true);
    const thisThread = 0;
    const opened = trySyscall('perf_event_open', address, thisThread, -1, -1, 0);
    if (opened < 0) return null;
    try {
      watched.view.setUint32(0, 1, true);
      const count = arena.alloc(8);
      if (trySyscall('read', opened, count.address, count.length) !== count.length) return null;
      return count.view.getBigUint64(0, true) > 0n;
    } finally {
      closeFd(opened);
    }
  });
}
