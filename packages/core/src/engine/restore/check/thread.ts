import {
  type CoreEntry,
  type CredsEntry,
  isFieldSet,
  type ThreadCoreEntry,
  ThreadCoreEntrySchema,
  type ThreadSasEntry,
} from '@criujs/images';
import type { Registers } from '@criujs/linux';
import { addressEnd } from '../../../facts/memory.ts';
import { lastSignal } from '../../../facts/tasks.ts';
import { capabilityWords } from '../../../tasks/credentials.ts';
import { registersOf, xstateOf } from '../../../tasks/registers.ts';
import { checkPending } from '../../../tasks/signals.ts';
import { among, between, hold, type Rule } from './rules.ts';

/** `struct robust_list_head`, the one size that the kernel takes. get_robust_list(2). */
const robustListSize = 24;

const thread: readonly Rule<ThreadCoreEntry>[] = [
  // sched(7): all policies of Linux.
  among(
    'the scheduling policy',
    (own) => (isFieldSet(own, ThreadCoreEntrySchema.field.schedPolicy) ? own.schedPolicy : undefined),
    [0, 1, 2, 3, 5, 6, 7],
  ),
  between('the scheduling priority', ({ schedPrio }) => schedPrio, 0, 99),
  between('the nice value', ({ schedNice }) => schedNice, -20, 19),
  between('the parent death signal', ({ pdeathSig }) => pdeathSig, 0, lastSignal),
  among('the size of the list of robust futexes', ({ futexRlaLen }) => futexRlaLen, [0, robustListSize]),
  // rseq(2): the first version has 32 bytes.
  between(
    'the size of restartable sequences',
    ({ rseqEntry }) => (rseqEntry?.rseqAbiPointer ? rseqEntry.rseqAbiSize : undefined),
    20,
    4096,
  ),
];

/** SS_DISABLE, and MINSIGSTKSZ of x86-64. sigaltstack(2), asm-generic/signal.h. */
const stackDisabled = 2;
const smallestStack = 2048n;
const autodisarm = 0x8000_0000;

const stack: readonly Rule<ThreadSasEntry>[] = [
  among('the mode of the alternate signal stack', ({ ssFlags }) => (ssFlags & ~autodisarm) >>> 0, [
    0,
    1,
    stackDisabled,
  ]),
  between(
    'the size of the alternate signal stack',
    ({ ssFlags, ssSize }) => (ssFlags & stackDisabled ? undefined : ssSize),
    smallestStack,
    2n ** 47n,
  ),
];

/** All bits set stands for "unchanged" where ids are set: no process has such an id. setresuid(2). */
const largestId = 0xffff_fffe;
const ids = ['uid', 'euid', 'suid', 'fsuid', 'gid', 'egid', 'sgid', 'fsgid'] as const;
const sets = ['capInh', 'capPrm', 'capEff', 'capBnd', 'capAmb'] as const;

const credentials: readonly Rule<CredsEntry>[] = [
  ...ids.map((field) => between<CredsEntry>(`the ${field}`, (creds) => creds[field], 0, largestId)),
  ...sets.map((field) =>
    between<CredsEntry>(`the number of words of ${field}`, (creds) => creds[field].length, 0, capabilityWords),
  ),
  // NGROUPS_MAX. setgroups(2).
  between('the number of supplementary groups', ({ groups }) => groups.length, 0, 65_536),
  between('a supplementary group', ({ groups }) => groups.reduce((a, b) => Math.max(a, b), 0), 0, largestId),
  // Eight bits and their locks. capabilities(7).
  between('the securebits', ({ secbits }) => secbits, 0, 0xfff),
];

/** A selector of user mode; the kernel lets 0 stand where none is needed. Intel SDM volume 3, 3.4.2. */
const isUserSelector = (value: bigint): boolean => value <= 0xffffn && (value & 3n) === 3n;

const registers: readonly Rule<Registers>[] = [
  ...(['fs_base', 'gs_base'] as const).map((name) =>
    between<Registers>(name, (it) => it.get(name), 0n, BigInt(addressEnd) - 1n),
  ),
  ...(['ds', 'es', 'fs', 'gs', 'ss'] as const).map(
    (name): Rule<Registers> => ({
      what: name,
      value: (it) => it.get(name),
      fits: (it) => isUserSelector(it.get(name)) || (name !== 'ss' && it.get(name) === 0n),
      expected: 'a selector of user mode',
    }),
  ),
];

/** Bits of MXCSR that any processor has; the rest are refused by it. Intel SDM volume 1, 10.2.3; bit 17 is AMD's. */
const mostMxcsr = 0x2_ffff;

/** Checks what an image says of one thread. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
export function checkThread({ threadCore: own, threadInfo: info }: CoreEntry, file: string): void {
  if (own === undefined || info === undefined) return;
  hold(own, file, thread);
  if (own.sas !== undefined) hold(own.sas, file, stack);
  if (own.creds !== undefined) hold(own.creds, file, credentials);
  checkPending(own.signalsP?.signals ?? [], file);
  hold(registersOf(info, file), file, registers);
  hold(info.fpregs, file, [between('mxcsr', (it) => it?.mxcsr, 0, mostMxcsr)]);
  xstateOf(info, file);
}
