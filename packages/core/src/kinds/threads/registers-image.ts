import { EngineError } from '@criujs/engine-kit';
import type { MessageInitShape, ThreadInfoX86, ThreadInfoX86Schema } from '@criujs/images';
import { createRegisters, type RegisterName, type Registers, registerNames, xstateLayout } from '@criujs/linux';

/** Offsets in the legacy part of an XSAVE area (Intel SDM volume 1, 10.5.1, FXSAVE). */
const legacy = { cwd: 0, swd: 2, twd: 4, fop: 6, rip: 8, rdp: 16, mxcsr: 24, mxcsrMask: 28, st: 32, xmm: 160 } as const;
/** XSTATE_BV in the header of an XSAVE area (Intel SDM volume 1, 13.4.2). */
const xstateBv = 512;
/** x87 and SSE, which every area holds. */
const alwaysThere = 3n;

/** Components of an XSAVE area that an image has fields for: number, field, words of what size and how many. */
const components = [
  { component: 2, field: 'ymmhSpace', bytes: 4, count: 64 },
  { component: 3, field: 'bndregState', bytes: 8, count: 8 },
  { component: 4, field: 'bndcsrState', bytes: 8, count: 8 },
  { component: 5, field: 'opmaskReg', bytes: 8, count: 8 },
  { component: 6, field: 'zmmUpper', bytes: 8, count: 64 },
  { component: 7, field: 'hi16Zmm', bytes: 8, count: 128 },
  { component: 9, field: 'pkru', bytes: 4, count: 2 },
] as const;

/** How an image names a register: only one has an underscore's capital. */
const fieldOf = (name: RegisterName): keyof Gpregs =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) as keyof Gpregs;

type Gpregs = NonNullable<ThreadInfoX86['gpregs']>;

/** Code and stack selectors of a 64-bit program: anything else is one that we cannot restore. */
const longMode = 0x33n;

/** Whether a thread runs 64-bit code. */
function runs64Bit(registers: Registers): boolean {
  return registers.get('cs') === longMode;
}

/** Registers and floating point state of a thread as an image keeps them, all but `clearTidAddr`. */
export function threadInfo(registers: Registers, xstate: Buffer): MessageInitShape<typeof ThreadInfoX86Schema> {
  const gpregs: Record<string, bigint | number> = { mode: 1 };
  for (const name of registerNames) gpregs[fieldOf(name)] = registers.get(name);
  const layout = xstateLayout();
  const xsave: Record<string, unknown> = { xstateBv: xstate.readBigUInt64LE(xstateBv) };
  for (const { component, field, bytes, count } of components) {
    const place = layout.component(component);
    if (place === null || place.offset + bytes * count > xstate.length) continue;
    xsave[field] = bytes === 4 ? words32(xstate, place.offset, count) : words64(xstate, place.offset, count);
  }
  return {
    gpregs,
    fpregs: {
      cwd: xstate.readUInt16LE(legacy.cwd),
      swd: xstate.readUInt16LE(legacy.swd),
      twd: xstate.readUInt16LE(legacy.twd),
      fop: xstate.readUInt16LE(legacy.fop),
      rip: xstate.readBigUInt64LE(legacy.rip),
      rdp: xstate.readBigUInt64LE(legacy.rdp),
      mxcsr: xstate.readUInt32LE(legacy.mxcsr),
      mxcsrMask: xstate.readUInt32LE(legacy.mxcsrMask),
      stSpace: words32(xstate, legacy.st, 32),
      xmmSpace: words32(xstate, legacy.xmm, 64),
      xsave,
    },
    tls: emptyTls(),
  };
}

/** Registers out of an image; no call is pending in them, so the kernel restarts none. */
export function registersOf(info: ThreadInfoX86, file: string): Registers {
  const gpregs = info.gpregs;
  if (gpregs === undefined) throw damaged(file, 'no registers');
  const registers = createRegisters();
  for (const name of registerNames) registers.set(name, gpregs[fieldOf(name)] as bigint);
  if (!runs64Bit(registers))
    throw new EngineError('UNSUPPORTED', `${file}: a 32-bit program`, { remedy: 'Restore it with CRIU.' });
  return registers.set('orig_ax', -1n);
}

/** The floating point state of an image in the layout of this processor. */
export function xstateOf(info: ThreadInfoX86, file: string): Buffer {
  const layout = xstateLayout();
  const area = Buffer.alloc(layout.size);
  const fpregs = info.fpregs;
  if (fpregs === undefined) throw damaged(file, 'no floating point state');
  area.writeUInt16LE(fpregs.cwd & 0xffff, legacy.cwd);
  area.writeUInt16LE(fpregs.swd & 0xffff, legacy.swd);
  area.writeUInt16LE(fpregs.twd & 0xffff, legacy.twd);
  area.writeUInt16LE(fpregs.fop & 0xffff, legacy.fop);
  area.writeBigUInt64LE(fpregs.rip, legacy.rip);
  area.writeBigUInt64LE(fpregs.rdp, legacy.rdp);
  area.writeUInt32LE(fpregs.mxcsr, legacy.mxcsr);
  area.writeUInt32LE(fpregs.mxcsrMask, legacy.mxcsrMask);
  putWords(area, { offset: legacy.st, bytes: 4, count: 32 }, fpregs.stSpace, file);
  putWords(area, { offset: legacy.xmm, bytes: 4, count: 64 }, fpregs.xmmSpace, file);
  const xsave = fpregs.xsave;
  area.writeBigUInt64LE(((xsave?.xstateBv ?? 0n) | alwaysThere) & layout.xcr0, xstateBv);
  if (xsave === undefined) return area;
  for (const { component, field, bytes, count } of components) {
    const place = layout.component(component);
    const values = xsave[field];
    if (values.length === 0) continue;
    if (place !== null) putWords(area, { offset: place.offset, bytes, count }, values, file);
    else if (values.some((value) => value !== 0 && value !== 0n))
      throw new EngineError(
        'UNSUPPORTED',
        `${file}: the program used a part of the processor (xstate ${component}) that this machine lacks`,
        {
          remedy: 'Restore it on a machine with a processor of the same kind.',
        },
      );
  }
  return area;
}

function words32(area: Buffer, offset: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => area.readUInt32LE(offset + at * 4));
}

function words64(area: Buffer, offset: number, count: number): bigint[] {
  return Array.from({ length: count }, (_, at) => area.readBigUInt64LE(offset + at * 8));
}

function putWords(
  area: Buffer,
  { offset, bytes, count }: { readonly offset: number; readonly bytes: 4 | 8; readonly count: number },
  values: readonly (number | bigint)[],
  file: string,
): void {
  if (values.length > count) throw damaged(file, `${values.length} words, but a set of registers has ${count}`);
  values.forEach((value, at) => {
    if (bytes === 4) area.writeUInt32LE(Number(value), offset + at * 4);
    else area.writeBigUInt64LE(BigInt(value), offset + at * 8);
  });
}

function damaged(file: string, what: string): EngineError {
  return new EngineError('IMAGE_INVALID', `${file}: ${what}`, { resource: file });
}

/** The three TLS segments that a 64-bit program leaves empty. set_thread_area(2). */
function emptyTls(): object[] {
  return [12, 13, 14].map((entryNumber) => ({
    entryNumber,
    baseAddr: 0,
    limit: 0,
    seg32bit: false,
    contentsH: false,
    contentsL: false,
    readExecOnly: true,
    limitInPages: false,
    segNotPresent: true,
    usable: false,
  }));
}
