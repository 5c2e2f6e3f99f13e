import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import { keptFlags } from './flags.ts';
import type { MapKind } from './kind.ts';

const flags = mapFlag.private | mapFlag.anonymous;
/** Advice bit that CRIU sets for the kernel's own pages: not to be dumped. */
const dontDump = 1n << 16n;

/** The page of old system calls, at the same address in every process. */
export const vsyscall: MapKind = {
  name: 'vsyscall',
  describe: [],
  recognise: ({ name }) => (name === '[vsyscall]' ? 'mine' : null),
  save: () => ({ fields: { flags, status: vmaStatus.vsyscall | vmaStatus.anonymousPrivate }, pages: 'none' }),
  matches: ({ status }) => (status & vmaStatus.vsyscall) !== 0,
  make: () => null,
};

/** What the vdso reads. Newer kernels show it in two parts. vdso(7). */
export const vvar: MapKind = {
  name: 'vvar',
  describe: [],
  recognise: ({ name }) => (name === '[vvar]' || name === '[vvar_vclock]' ? 'mine' : null),
  save: () => ({
    fields: { flags, status: vmaStatus.regular | vmaStatus.anonymousPrivate | vmaStatus.vvar, madv: dontDump },
    pages: 'none',
  }),
  matches: ({ status }) => (status & vmaStatus.vvar) !== 0,
  make: () => null,
};

/** Code of the kernel's. vdso(7). */
export const vdso: MapKind = {
  name: 'vdso',
  describe: [{ subject: 'memory', taken: ['vdso'] }],
  recognise: ({ name }) => (name === '[vdso]' ? 'mine' : null),
  save: (vma) => ({
    fields: {
      flags: flags | keptFlags(vma),
      status: vmaStatus.regular | vmaStatus.vdso | vmaStatus.anonymousPrivate,
    },
    pages: 'whole',
  }),
  matches: ({ status }) => (status & vmaStatus.vdso) !== 0,
  make: () => null,
};
