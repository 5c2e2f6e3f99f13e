import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, VmaEntrySchema } from '@criujs/images';
import { afterAll, expect, test } from 'vitest';
import { vmaStatus } from '../../facts/memory.ts';
import type { PageSource } from '../../pages/source.ts';
import type { MemoryPlan } from './layout.ts';
import type { TaskImage } from './read.ts';
import { detourVdso, type KernelPages, ownKernelPages } from './vdso.ts';

const own = ownKernelPages() as KernelPages;
const { code } = own;

const folder = mkdtempSync(join(tmpdir(), 'criujs-vdso-'));
const opened: number[] = [];
afterAll(() => {
  opened.forEach(closeSync);
  rmSync(folder, { recursive: true });
});

const start = 0x7000_0000_0000;

/** A process with that code as its vdso, and nothing else. */
function dumped(bytes: Buffer, more: { ip?: bigint; vvarAt?: number; stream?: boolean } = {}) {
  const path = join(folder, String(opened.length));
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r');
  opened.push(fd);
  const area = { start, end: start + bytes.length };
  const status = vmaStatus.regular | vmaStatus.vdso | vmaStatus.anonymousPrivate;
  const entry = create(VmaEntrySchema, { start: BigInt(area.start), end: BigInt(area.end), status, prot: 5 });
  const image = {
    pid: 7,
    mm: { vmas: [entry] },
    cores: [{ threadInfo: { gpregs: { ip: more.ip ?? 0x4000n } } }],
  } as unknown as TaskImage;
  const runs = [{ start: area.start, end: area.end, lazy: false }];
  const vvar = { start: start - own.vdsoAt + (more.vvarAt ?? 0), end: start };
  const plan = { maps: [], runs, fills: [], vdso: area, vvar, detour: null } as unknown as MemoryPlan;
  return { image, plan, pages: { file: more.stream ? null : fd } as PageSource };
}

function detour({ image, plan, pages }: ReturnType<typeof dumped>, kernel: KernelPages | null = own): MemoryPlan {
  return detourVdso(image, plan, pages, kernel);
}

/** A kernel with other code of the same length. */
const another: KernelPages = { ...own, code: Buffer.alloc(own.code.length) };
/** The same functions elsewhere. */
const moved: KernelPages = {
  ...another,
  functions: own.functions.map((it) => ({ ...it, offset: it.offset + 64 })),
};
const refusal = (message: string) =>
  expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining(message) });

test('the vdso of this kernel is left to the kernel', () => {
  const process = dumped(code);
  expect(detour(process)).toBe(process.plan);
});

test.each([
  ['functions are elsewhere', dumped(code), moved],
  ['the data before it is', dumped(code, { vvarAt: 4096 }), own],
  ['it is larger', dumped(Buffer.concat([code, Buffer.alloc(4096)])), own],
])('a vdso of which %s stays, and each function leads to the one of this kernel', (_, process, kernel) => {
  const { maps, fills, detour: made } = detour(process, kernel);
  expect(maps).toMatchObject([{ start, end: process.plan.vdso?.end, filled: true }]);
  expect(fills).toEqual([{ start, length: (process.plan.vdso?.end ?? 0) - start, offset: 0 }]);
  const at = (name: string): Buffer | undefined => {
    const { offset = 0 } = own.functions.find((it) => it.name === name) ?? {};
    return made?.patches.find(({ address }) => address === start + offset)?.bytes;
  };
  const jump = at('__vdso_clock_gettime');
  const target = kernel.functions.find(({ name }) => name === '__vdso_clock_gettime');
  expect(jump?.subarray(0, 2).toString('hex')).toBe('48b8');
  expect(jump?.readBigUInt64LE(2)).toBe(BigInt((made?.kernelAt ?? 0) + kernel.vdsoAt + (target?.offset ?? 0)));
  expect(jump?.subarray(10).toString('hex')).toBe('ffe0');
  const random = at('__vdso_getrandom');
  if (random !== undefined) expect(random.toString('hex')).toBe('b83e0100000f05c3');
});

test('a function that this kernel has not makes its system call', () => {
  const without = { ...another, functions: own.functions.filter(({ name }) => !name.endsWith('getcpu')) };
  const { detour: made } = detour(dumped(code), without);
  const { offset = 0 } = own.functions.find(({ name }) => name === '__vdso_getcpu') ?? {};
  expect(made?.patches.find(({ address }) => address === start + offset)?.bytes.toString('hex')).toBe(
    'b8350100000f05c3',
  );
});

const sgx = own.functions.find(({ name }) => name === '__vdso_sgx_enter_enclave');
test.skipIf(sgx === undefined)(
  'a call into an enclave, which no dumped program can have, fails (a vdso with SGX)',
  () => {
    const without = { ...another, functions: own.functions.filter((it) => it !== sgx) };
    const patch = detour(dumped(code), without).detour?.patches.find(
      ({ address }) => address === start + (sgx?.offset ?? 0),
    );
    expect(patch?.bytes.toString('hex')).toBe('b8daffffffc3');
  },
);

test.each([
  [
    'a thread that is in the middle of it',
    dumped(code, { ip: BigInt(start) + 100n }),
    moved,
    'in the middle of a call',
  ],
  ['what is no vdso', dumped(Buffer.alloc(code.length, 1)), own, 'is none'],
  ['a kernel without one', dumped(code), null, 'this kernel has no vdso'],
  ['another layout in a stream', dumped(code, { vvarAt: 4096, stream: true }), own, 'from a stream'],
])('%s is refused', (_, process, kernel, message) => {
  expect(() => detour(process, kernel)).toThrow(refusal(message));
});

test('in a stream one of the same layout is taken for the one of this kernel', () => {
  const process = dumped(code, { stream: true });
  expect(detour(process, moved)).toBe(process.plan);
});
