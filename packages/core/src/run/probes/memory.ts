import { closeSync, openSync } from 'node:fs';
import { arena, errnoName, readMemory, trySyscall, xstateLayout } from '@criujs/linux';
import { pagemapScan, prSetMm, setMmMapSize } from './numbers.ts';
import { callRemedy, fromCall, limited, missing, ok, type Probe } from './probe.ts';

/** Whether memory can be read, found and laid out again. */
export const memoryProbes: readonly Probe[] = [
  {
    id: 'process_vm_readv',
    title: 'Reading memory of a process (process_vm_readv)',
    needs: ['dump'],
    look({ pid, base }) {
      if (pid === null)
        return limited('there was no process to test it on', 'See the row about running a program from memory.');
      try {
        readMemory(pid, base, 64);
      } catch (error) {
        return missing((error as Error).message, callRemedy('process_vm_readv and process_vm_writev', '3.2'));
      }
      return ok('memory of a process can be read');
    },
  },
  {
    id: 'pagemap_scan',
    title: 'Finding used memory fast (PAGEMAP_SCAN)',
    needs: [],
    look() {
      const fd = openSync('/proc/self/pagemap', 'r');
      try {
        const result = scanNothing(fd);
        return result >= 0
          ? ok('the kernel finds used pages itself')
          : limited(
              `PAGEMAP_SCAN fails with ${errnoName(-result)}: /proc/PID/pagemap is read instead, which takes longer`,
              'Linux has it since 6.7.',
            );
      } finally {
        closeSync(fd);
      }
    },
  },
  {
    id: 'set_mm_map',
    title: 'Setting the memory layout of a program (PR_SET_MM_MAP)',
    needs: ['restore'],
    look: () =>
      arena.scope(() =>
        fromCall(
          trySyscall('prctl', prSetMm, setMmMapSize, arena.alloc(4).address, 0, 0),
          'prctl(PR_SET_MM)',
          '3.18 (CONFIG_CHECKPOINT_RESTORE)',
          'the layout of a restored program can be set',
        ),
      ),
  },
  {
    id: 'xstate',
    title: 'Knowing the registers of this processor (xsave)',
    needs: ['dump', 'restore'],
    look: () => ok(`the extended state takes ${xstateLayout().size} bytes`),
  },
];

/** Asks for no range at all: only whether the kernel knows the request. */
function scanNothing(fd: number): number {
  return arena.scope(() => {
    const argument = arena.alloc(pagemapScan.argumentSize);
    argument.view.setBigUint64(0, BigInt(pagemapScan.argumentSize), true);
    return trySyscall('ioctl', fd, pagemapScan.request, argument.address);
  });
}
