/** The fields of user_regs_struct in the kernel's order (asm/user_64.h), named as core images name them. */
export const registerNames = [
  'r15',
  'r14',
  'r13',
  'r12',
  'bp',
  'bx',
  'r11',
  'r10',
  'r9',
  'r8',
  'ax',
  'cx',
  'dx',
  'si',
  'di',
  'orig_ax',
  'ip',
  'cs',
  'flags',
  'sp',
  'ss',
  'fs_base',
  'gs_base',
  'ds',
  'es',
  'fs',
  'gs',
] as const;

export type RegisterName = (typeof registerNames)[number];

/** The general registers of a thread, in the layout that ptrace reads and writes. */
export interface Registers {
  /** The value, unsigned. */
  get(name: RegisterName): bigint;
  /** Sets the value; a negative one is stored as its two's complement. Answers the registers themselves. */
  set(name: RegisterName, value: bigint | number): Registers;
  copy(): Registers;
  readonly bytes: Buffer;
}

/** Bytes of user_regs_struct. */
export const registersLength: number = registerNames.length * 8;

const offsets = Object.fromEntries(registerNames.map((name, index) => [name, index * 8])) as Record<
  RegisterName,
  number
>;

/** Registers that are all zero. */
export function createRegisters(): Registers {
  return registersFrom(Buffer.alloc(registersLength));
}

/** Registers over a copy of a user_regs_struct. */
export function registersFrom(source: Uint8Array): Registers {
  if (source.length !== registersLength) {
    throw new RangeError(`registers take ${registersLength} bytes, got ${source.length}`);
  }
  const bytes = Buffer.from(source);
  const registers: Registers = {
    bytes,
    get: (name) => bytes.readBigUInt64LE(offsets[name]),
    set: (name, value) => {
      bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), offsets[name]);
      return registers;
    },
    copy: () => registersFrom(bytes),
  };
  return registers;
}
