import { EngineError } from '@criujs/engine-kit';
import { readMaps, readMemory, syscallNumbers } from '@criujs/linux';
import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import { readAt } from '../../files/read-at.ts';
import { kindOfMap } from '../../kinds/maps/table.ts';
import { findHole } from '../../machinery/infect/hole.ts';
import { type VdsoFunction, vdsoFunctions } from '../../memory/vdso-symbols.ts';
import type { PageSource } from '../../pages/source.ts';
import { type MapPlan, type MemoryPlan, planFills } from './layout.ts';
import type { TaskImage } from './read.ts';

/** The pages that this kernel gives to every process: its data, and the vdso behind it. */
export interface KernelPages {
  /** Of all of them. */
  readonly length: number;
  /** How far the vdso is from the first. */
  readonly vdsoAt: number;
  readonly code: Buffer;
  readonly functions: readonly VdsoFunction[];
}

/** Code of another kernel stays where it was, and leads to this kernel's. */
export interface VdsoDetour {
  /** Where the pages of this kernel go. */
  readonly kernelAt: number;
  readonly patches: readonly { readonly address: number; readonly bytes: Buffer }[];
}

/** The kernel's pages as this process has them; null: it has none. */
export function ownKernelPages(): KernelPages | null {
  const maps = readMaps(process.pid).filter(({ name }) => name === '[vdso]' || name.startsWith('[vvar'));
  const vdso = maps.find(({ name }) => name === '[vdso]');
  const [first, last] = [maps[0], maps.at(-1)];
  if (vdso === undefined || first === undefined || last === undefined) return null;
  const code = readMemory(process.pid, vdso.start, vdso.end - vdso.start);
  return {
    length: last.end - first.start,
    vdsoAt: vdso.start - first.start,
    code,
    functions: vdsoFunctions(code),
  };
}

/**
 * A process that was dumped under another kernel keeps the code of that kernel's vdso, to which its libraries have addresses. Each
 * function there is replaced by a jump to the one of this kernel, whose pages go to a place that is free; so does CRIU.
 *
 * The plan of a process of this kernel comes back as it is.
 * @throws EngineError UNSUPPORTED where that cannot be done
 */
export function detourVdso(image: TaskImage, plan: MemoryPlan, pages: PageSource, own: KernelPages | null): MemoryPlan {
  const { vdso } = plan;
  if (vdso === null) return plan;
  const refuse = (what: string): EngineError => otherKernel(image.pid, what);
  if (own === null) throw refuse('this kernel has no vdso');
  const code = readCode(plan, vdso, pages);
  if (code === null) {
    if (!fits(plan, vdso, own))
      throw refuse('its vdso has another layout, and the code of it cannot be read from a stream');
    return plan;
  }
  const isOwnLayout = fits(plan, vdso, own);
  if (isOwnLayout && code.equals(own.code)) return plan;
  const functions = functionsOf(code, refuse);
  // The kernel adapts the code to the processor.
  if (isOwnLayout && isSame(functions, own.functions)) return plan;
  if (image.cores.some((core) => isInside(core.threadInfo?.gpregs?.ip ?? 0n, vdso)))
    throw refuse('a thread was in the middle of a call of the vdso: dump it again');
  const map = codeMap(image, vdso);
  const maps = [...plan.maps, map].toSorted((a, b) => a.start - b.start);
  const kernelAt = findHole(maps, own.length);
  if (kernelAt === null) throw refuse('there is no room for the vdso of this one');
  const fills = planFills(`pagemap-${image.pid}.img`, plan.runs, maps, null);
  const targets = new Map(own.functions.map(({ name, offset }) => [name, kernelAt + own.vdsoAt + offset]));
  // A function with several names gets the same patch again.
  const patches = functions.map((it) => ({
    address: vdso.start + it.offset,
    bytes: detour(it, targets.get(it.name), refuse),
  }));
  return { ...plan, maps, fills, detour: { kernelAt, patches } };
}

/** The code as it was dumped: in the pages of the image, unless they come in a stream or without it. */
function readCode({ runs }: MemoryPlan, vdso: Area, { file }: PageSource): Buffer | null {
  if (file === null) return null;
  let offset = 0;
  for (const { start, end } of runs) {
    if (start <= vdso.start && vdso.end <= end) {
      const code = Buffer.alloc(vdso.end - vdso.start);
      return readAt(file, code, offset + vdso.start - start) === code.length ? code : null;
    }
    offset += end - start;
  }
  return null;
}

interface Area {
  readonly start: number;
  readonly end: number;
}

function functionsOf(code: Buffer, refuse: (what: string) => EngineError): VdsoFunction[] {
  try {
    const found = vdsoFunctions(code);
    if (found.some(({ offset, length }) => offset < 0 || offset + length > code.length))
      throw new RangeError('outside');
    return found;
  } catch (error) {
    if (error instanceof RangeError) throw refuse('what the images have in the place of its vdso is none');
    throw error;
  }
}

function fits({ vvar }: MemoryPlan, vdso: Area, own: KernelPages): boolean {
  if (vdso.end - vdso.start !== own.code.length) return false;
  return vvar === null || vdso.start - vvar.start === own.vdsoAt;
}

function isSame(functions: readonly VdsoFunction[], own: readonly VdsoFunction[]): boolean {
  const shown = (all: readonly VdsoFunction[]): string =>
    all
      .map(({ name, offset }) => `${name} ${offset}`)
      .toSorted()
      .join('\n');
  return shown(functions) === shown(own);
}

function isInside(address: bigint, { start, end }: Area): boolean {
  return address >= BigInt(start) && address < BigInt(end);
}

/** The map of the code: memory of the process from now on. */
function codeMap({ mm }: TaskImage, vdso: Area): MapPlan {
  const found = mm.vmas.find(({ start }) => Number(start) === vdso.start);
  if (found === undefined) throw new EngineError('INTERNAL', 'a vdso without a map');
  const status = vmaStatus.regular | vmaStatus.anonymousPrivate;
  const entry = { ...found, status, flags: mapFlag.private | mapFlag.anonymous, madv: 0n };
  const kind = kindOfMap(entry);
  return { ...vdso, entry, kind, traits: new Set(), filled: true, object: null, device: null };
}

/** `mov rax, imm64; jmp rax`, and `mov eax, imm32; syscall; ret`. */
const jumpLength = 12;
/** What each function does where this kernel has none: its system call. vdso(7) */
const calls: Readonly<Record<string, number>> = {
  clock_gettime: syscallNumbers.clock_gettime,
  clock_getres: syscallNumbers.clock_getres,
  gettimeofday: syscallNumbers.gettimeofday,
  time: syscallNumbers.time,
  getcpu: syscallNumbers.getcpu,
  getrandom: syscallNumbers.getrandom,
};
/** Enters an enclave, whose memory is of a device that no dump takes: nobody can call it. Documentation/arch/x86/sgx.rst */
const ofEnclaves = 'sgx_enter_enclave';
/** `mov eax, -ENOSYS; ret`. */
const noSuchCall = Buffer.from('b8daffffffc3', 'hex');
/** Its state in the program's memory has the layout of the kernel that gave it. getrandom(2) */
const withState = 'getrandom';

function detour(
  { name, length }: VdsoFunction,
  target: number | undefined,
  refuse: (what: string) => EngineError,
): Buffer {
  const plain = name.replace(/^__vdso_/, '');
  if (target !== undefined && plain !== withState) {
    if (length < jumpLength) throw refuse(`${name} of its vdso is too short for a jump`);
    const jump = Buffer.from('48b80000000000000000ffe0', 'hex');
    jump.writeBigUInt64LE(BigInt(target), 2);
    return jump;
  }
  if (plain === ofEnclaves) return noSuchCall;
  const number = calls[plain];
  if (number === undefined) throw refuse(`its vdso has ${name}, which this kernel’s has not`);
  const call = Buffer.from('b8000000000f05c3', 'hex');
  call.writeUInt32LE(number, 1);
  return call;
}

function otherKernel(pid: number, what: string): EngineError {
  return new EngineError('UNSUPPORTED', `cannot restore ${pid}: it was dumped under another kernel (${what})`, {
    pid,
    remedy: 'Restore it under the kernel of the dump, or with CRIU.',
  });
}
