import { errno, LinuxError } from '../../errors.ts';
import { assemble, type Line, type Machine } from './assemble.ts';

/** Where this processor keeps the parts of the extended state. Vendors differ, so the processor itself is asked. */
export interface XstateLayout {
  /** Bytes of the whole, with every part that the kernel has enabled. */
  readonly size: number;
  /** The parts that are enabled, one bit each. */
  readonly xcr0: bigint;
  /** Place of part `n` (2 AVX, 5 to 7 AVX-512, 9 PKRU, 17 and 18 AMX); null when it is not enabled. */
  component(n: number): { offset: number; size: number } | null;
}

/** The two instructions that describe the extended state. */
export interface ProcessorQuery {
  cpuid(leaf: number, subleaf: number): { readonly eax: number; readonly ebx: number; readonly ecx: number };
  xgetbv(): bigint;
}

/** Two functions with one argument, the address of their input and output. */
export const queryLines: readonly Line[] = [
  // eax and ecx in; eax, ebx, ecx, edx out
  'cpuid:',
  ['push rbx', 0x53],
  ['mov eax,[rdi]', 0x8b, 0x07],
  ['mov ecx,[rdi+0x4]', 0x8b, 0x4f, 0x04],
  ['cpuid', 0x0f, 0xa2],
  ['mov [rdi],eax', 0x89, 0x07],
  ['mov [rdi+0x4],ebx', 0x89, 0x5f, 0x04],
  ['mov [rdi+0x8],ecx', 0x89, 0x4f, 0x08],
  ['mov [rdi+0xc],edx', 0x89, 0x57, 0x0c],
  ['pop rbx', 0x5b],
  ['ret', 0xc3],

  // XCR0 out: eax, edx
  'xgetbv:',
  ['xor ecx,ecx', 0x31, 0xc9],
  ['xgetbv', 0x0f, 0x01, 0xd0],
  ['mov [rdi],eax', 0x89, 0x07],
  ['mov [rdi+0x4],edx', 0x89, 0x57, 0x04],
  ['ret', 0xc3],
];

export const queryCode: Machine = assemble(queryLines);

const OSXSAVE = 1 << 27;
/** The CPUID leaf of the extended state. */
const stateLeaf = 13;
const componentCount = 63;

/** Reads the layout from the processor's answers. @throws LinuxError `UNSUPPORTED_PLATFORM` without xsave */
export function readXstateLayout({ cpuid, xgetbv }: ProcessorQuery): XstateLayout {
  if ((cpuid(1, 0).ecx & OSXSAVE) === 0) {
    throw new LinuxError('cpuid', errno.EOPNOTSUPP, {
      code: 'UNSUPPORTED_PLATFORM',
      reason: 'the processor (or the hypervisor) has no xsave',
      remedy: 'Let the virtual machine show the processor of its host.',
    });
  }
  const xcr0 = xgetbv();
  const components = Array.from({ length: componentCount }, (_, n) => {
    // parts 0 and 1, x87 and SSE, have no leaf: they are always in front
    if (n < 2 || (xcr0 & (1n << BigInt(n))) === 0n) return null;
    const { eax: size, ebx: offset } = cpuid(stateLeaf, n);
    return size === 0 ? null : { offset, size };
  });
  return { size: cpuid(stateLeaf, 0).ebx, xcr0, component: (n) => components[n] ?? null };
}
