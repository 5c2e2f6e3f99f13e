/**
 * Machine code as a table that can be read: each line is a mnemonic (Intel syntax, as `objdump -M intel` prints it) and
 * its bytes, a string of its own with a colon is a label, and `{ label }` is the distance to it that a jump or a call
 * needs. A test disassembles the result and compares the mnemonics.
 */
export type Line = `${string}:` | readonly [mnemonic: string, ...parts: readonly Part[]];
export type Part = number | Distance | Uint8Array;

/** From the end of its line to a label: one signed byte, or four. */
export interface Distance {
  readonly label: string;
  readonly width?: 1 | 4;
}

export interface Machine {
  readonly code: Uint8Array;
  /** Where each label is. */
  readonly labels: Readonly<Record<string, number>>;
}

/** A number of 4 bytes inside an instruction, little-endian. */
export function imm32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** A number of 8 bytes inside an instruction. */
export function imm64(value: bigint | number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
}

/** A line of `int3`, which fills the space up to a fixed position and stops a thread that runs into it. */
export function int3(count: number): Line[] {
  return Array.from({ length: count }, () => ['int3', 0xcc] as const);
}

/** Lays the lines out and fills the distances in. */
export function assemble(lines: readonly Line[]): Machine {
  const labels: Record<string, number> = {};
  let length = 0;
  for (const line of lines) {
    if (typeof line === 'string') labels[line.slice(0, -1)] = length;
    else length += lengthOf(line);
  }
  const code = Buffer.alloc(length);
  let at = 0;
  for (const line of lines) {
    if (typeof line === 'string') continue;
    const [mnemonic, ...parts] = line;
    const end = at + lengthOf(line);
    for (const part of parts) {
      if (typeof part === 'number') at = code.writeUInt8(part, at);
      else if (part instanceof Uint8Array) at += Buffer.from(part).copy(code, at);
      else at = writeDistance(code, at, part, end, labels, mnemonic);
    }
  }
  return { code, labels };
}

function lengthOf([, ...parts]: Exclude<Line, string>): number {
  return parts.reduce<number>((sum, part) => sum + widthOf(part), 0);
}

function widthOf(part: Part): number {
  if (typeof part === 'number') return 1;
  return part instanceof Uint8Array ? part.length : (part.width ?? 1);
}

function writeDistance(
  code: Buffer,
  at: number,
  { label, width = 1 }: Distance,
  end: number,
  labels: Readonly<Record<string, number>>,
  mnemonic: string,
): number {
  const target = labels[label];
  if (target === undefined) throw new RangeError(`${mnemonic}: unknown label ${label}`);
  // a distance that does not fit its width throws here
  return code.writeIntLE(target - end, at, width);
}
