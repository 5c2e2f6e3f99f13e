/** The numbers of the bits of a 64-bit set that are on. */
export function bitsOf(set: bigint): number[] {
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (set >> BigInt(bit)) & 1n);
}
