/** The numbers of the bits of a 64-bit set that are on. */
export function bitsOf(set: bigint): number[] {
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (set >> BigInt(bit)) & 1n);
}

/** A set of bits from the kernel's bytes, bit 0 in the first one. */
export function setFromBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/** The kernel's bytes of a set; what does not fit into `length` bytes is left out. */
export function bytesOfSet(set: bigint, length: number): Buffer {
  const hex = BigInt.asUintN(length * 8, set).toString(16);
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex').reverse();
}
