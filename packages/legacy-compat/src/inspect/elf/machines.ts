/** What is needed to read a shared object for a processor. */
export interface Machine {
  /** As `uname -m` calls it. */
  readonly name: string;
  /** Types of relocations: base + addend. */
  readonly relative: number;
  /** The address of a symbol, + addend: in data, and in the global offset table. */
  readonly symbolic: readonly number[];
}

/**
 * 64-bit machines that CRIU runs on, by e_machine. The numbers are those of elf(5) and glibc's elf.h (EM_*, R_*_RELATIVE,
 * R_*_64, R_*_GLOB_DAT, R_*_JUMP_SLOT).
 */
const machines: Readonly<Record<number, Machine>> = {
  21: { name: 'ppc64', relative: 22, symbolic: [38, 20, 21] },
  22: { name: 's390x', relative: 12, symbolic: [22, 10, 11] },
  62: { name: 'x86_64', relative: 8, symbolic: [1, 6, 7] },
  183: { name: 'aarch64', relative: 1027, symbolic: [257, 1025, 1026] },
  243: { name: 'riscv64', relative: 3, symbolic: [2, 5] },
  258: { name: 'loongarch64', relative: 3, symbolic: [2, 5] },
};

/** One that is not in the table: names of symbols can be read, what relocations mean cannot. */
export function machineOf(number: number, little: boolean): Machine {
  const known = machines[number];
  if (known === undefined) return { name: `machine ${number}`, relative: -1, symbolic: [] };
  return known.name === 'ppc64' && little ? { ...known, name: 'ppc64le' } : known;
}
