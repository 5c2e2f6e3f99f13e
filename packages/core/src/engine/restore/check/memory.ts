import { EngineError } from '@criujs/engine-kit';
import type { CoreEntry, MmEntry, VmaEntry } from '@criujs/images';
import { addressEnd, adviceName, hugeSize, mapFlag, pageSize, protection, vmaStatus } from '../../../facts/memory.ts';
import { mostAuxv } from '../../../facts/prctl.ts';
import { between, hold, invalid, type Rule } from '../../../kinds/rules.ts';
import type { TaskImage } from '../read.ts';

const places = [
  'mmStartCode',
  'mmEndCode',
  'mmStartData',
  'mmEndData',
  'mmStartBrk',
  'mmBrk',
  'mmStartStack',
  'mmArgStart',
  'mmArgEnd',
  'mmEnvStart',
  'mmEnvEnd',
] as const;
/** What must not end before it begins. PR_SET_MM_MAP of PR_SET_MM(2const). */
const pairs = [
  ['mmStartCode', 'mmEndCode'],
  ['mmStartData', 'mmEndData'],
  ['mmStartBrk', 'mmBrk'],
  ['mmArgStart', 'mmArgEnd'],
  ['mmEnvStart', 'mmEnvEnd'],
] as const;

const layout: readonly Rule<MmEntry>[] = [
  ...places.map((field) => between<MmEntry>(field, (mm) => mm[field], BigInt(pageSize), BigInt(addressEnd) - 1n)),
  ...pairs.map(
    ([from, to]): Rule<MmEntry> => ({
      what: to,
      value: (mm) => mm[to],
      fits: (mm) => mm[from] <= mm[to],
      expected: `no less than ${from}`,
    }),
  ),
  between('the number of words of the auxiliary vector', (mm) => mm.mmSavedAuxv.length, 0, mostAuxv),
];

const advice = Object.keys(adviceName).reduce((bits, number) => bits | (1n << BigInt(number)), 0n);
/** That memory is droppable is in criujs.json. */
const knownFlags = Object.values(mapFlag).reduce((bits, flag) => bits | flag, 0) & ~mapFlag.droppable;

/** Of huge pages the highest bits say how large they are. */
function sizesIn(flags: number): number {
  return flags & mapFlag.hugePages ? hugeSize.mask << hugeSize.shift : 0;
}

const map: readonly Rule<VmaEntry>[] = [
  between('a protection', ({ prot }) => prot, 0, protection.read | protection.write | protection.execute),
  {
    what: 'the flags of a map',
    value: ({ flags }) => `0x${flags.toString(16)}`,
    fits: ({ flags }) =>
      (flags & ~(knownFlags | sizesIn(flags))) === 0 &&
      ((flags & mapFlag.shared) !== 0) !== ((flags & mapFlag.private) !== 0),
    expected: 'those of a shared or of a private map',
  },
  {
    what: 'the advice for a map',
    value: ({ madv }) => `0x${madv.toString(16)}`,
    fits: ({ madv }) => (madv & ~advice) === 0n,
    expected: 'advice that a map keeps',
  },
  {
    what: 'the offset of a map',
    value: ({ pgoff }) => pgoff,
    fits: ({ pgoff }) => pgoff % BigInt(pageSize) === 0n && pgoff < 2n ** 62n,
    expected: 'a multiple of the size of a page',
  },
];

/** Checks the layout of a process's memory and the nature of each map. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
export function checkMemory({ pid, mm, cores, threads }: Pick<TaskImage, 'pid' | 'mm' | 'cores' | 'threads'>): void {
  const file = `mm-${pid}.img`;
  hold(mm, file, layout);
  for (const vma of mm.vmas) {
    if (vma.status & vmaStatus.vsyscall) continue;
    if (vma.flags & mapFlag.hugePages && !(vma.status & vmaStatus.anonymousPrivate))
      throw new EngineError('UNSUPPORTED', `cannot restore ${pid}: shared huge pages are not supported yet`, {
        pid,
        remedy: 'Restore it with CRIU.',
      });
    hold(vma, `${file}, map ${vma.start.toString(16)}`, map);
  }
  cores.forEach((core, at) => {
    checkSequences(core, mm, `core-${threads[at]}.img`);
  });
}

/**
 * The kernel writes there whenever the thread moves: where nothing can be written, the thread dies of it while it is built.
 * rseq(2).
 */
function checkSequences({ threadCore }: CoreEntry, { vmas }: MmEntry, file: string): void {
  const rseq = threadCore?.rseqEntry;
  if (rseq === undefined || rseq.rseqAbiPointer === 0n) return;
  const [from, to] = [rseq.rseqAbiPointer, rseq.rseqAbiPointer + BigInt(rseq.rseqAbiSize)];
  const isThere = vmas.some(({ start, end, prot }) => start <= from && to <= end && (prot & protection.write) !== 0);
  if (!isThere) throw invalid(file, `restartable sequences at ${from.toString(16)}, which is not in writable memory`);
}
