import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, decodePagemap, encodeImage, pageCount } from '@criujs/images';
import { readMaps } from '@criujs/linux';
import { describe, expect } from 'vitest';
import { pageSize, vmaStatus } from '../src/facts/memory.ts';
import { criujs, criujsFails } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { runs } from './harness/processes.ts';
import { cProgram, nodeCounter, type Program, pythonCounter } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

// Images from a kernel whose vdso is another one, made of images from this one: the program has addresses of functions in the old code,
// which lead to the functions of this kernel.

/** Makes images those of a kernel whose vdso has less data before it. */
function ofAnotherKernel(images: string, pid: number): { start: number; end: number } {
  const name = join(images, `mm-${pid}.img`);
  const mm = decodeImage('MM', readFileSync(name));
  const area = (mark: number) => mm[0]?.message.vmas.find(({ status }) => status & mark);
  const [vdso, vvar] = [area(vmaStatus.vdso), area(vmaStatus.vvar)];
  if (vdso === undefined || vvar === undefined) throw new Error('the image has no vdso');
  vvar.start += BigInt(pageSize);
  writeFileSync(name, encodeImage('MM', mm));
  return { start: Number(vdso.start), end: Number(vdso.end) };
}

async function dumped(target: Target): Promise<string> {
  const images = target.images();
  await criujs.dump(target.pid, images);
  await until('it is gone', () => !runs(target.pid));
  return images;
}

const programs: readonly Program[] = [cProgram('clocks'), cProgram('counter'), pythonCounter, nodeCounter];

describe.skipIf(!isRoot)('a program of a kernel with another vdso (root)', () => {
  for (const program of programs) {
    test.skipIf(program.missing)(
      `${program.name}: its calls reach the vdso of this kernel, also after two more dumps`,
      async ({ place }) => {
        const target = await place.start(program);
        const images = await dumped(target);
        const before = ofAnotherKernel(images, target.pid);
        place.track(await criujs.restore(images));
        await target.advance();
        const maps = readMaps(target.pid);
        const old = maps.find(({ start }) => start === before.start);
        expect(old).toMatchObject({ ...before, read: true, write: false, execute: true, name: '' });
        const vdso = maps.find(({ name }) => name === '[vdso]');
        expect(vdso?.start).not.toBe(before.start);
        for (let leg = 0; leg < 2; leg++) await travel(place, target, { by: criujs, compared: false });
        await target.finish();
      },
    );
  }

  test.skipIf(cProgram('counter').missing)('whose vdso is none is refused, and nothing is left', async ({ place }) => {
    const target = await place.start(cProgram('counter'));
    const images = await dumped(target);
    const { start } = ofAnotherKernel(images, target.pid);
    const { head, entries } = decodePagemap(readFileSync(join(images, `pagemap-${target.pid}.img`)));
    const pages = join(images, `pages-${head.pagesId}.img`);
    const bytes = readFileSync(pages);
    let offset = 0;
    for (const entry of entries) {
      const [from, length] = [Number(entry.vaddr), Number(pageCount(entry)) * pageSize];
      if (from <= start && start < from + length)
        bytes.fill(0xff, offset + start - from, offset + start - from + pageSize);
      offset += length;
    }
    writeFileSync(pages, bytes);
    expect(await criujsFails(['restore', '-D', images, '--detach'])).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('another kernel'),
    });
  });
});
