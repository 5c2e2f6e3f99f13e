import { closeSync, openSync, readSync } from 'node:fs';
import { encodePagemap } from '@criujs/images';
import { arena, LinuxError, readMemoryInto, syscall, type Vma } from '@criujs/linux';
import { EngineError } from '../../errors.ts';
import { pageFlag, pageSize, vmaStatus } from '../../facts/memory.ts';
import { type PageRun, scanPages } from '../../memory/scan.ts';
import type { Session } from '../../run/session.ts';
import type { DumpedMap } from './maps.ts';

/** How much is copied at once, in bytes. */
const chunk = 1 << 20;

/**
 * Copies the memory of a frozen process into `pages-N.img` and writes the map of it, `pagemap-PID.img`.
 *
 * @returns how many bytes of memory went into the image
 */
export function dumpPages(pid: number, pagesId: number, maps: readonly DumpedMap[], session: Session): number {
  const dumped = maps.filter(({ pages }) => pages !== 'none');
  const runs = scanPages(
    pid,
    dumped.map(({ vma, entry, pages }) => ({
      start: vma.start,
      end: vma.end,
      changedOnly: pages === 'changed',
      whole: pages === 'whole',
      lazy: (entry.status & vmaStatus.anonymousPrivate) !== 0 && (entry.status & vmaStatus.vdso) === 0,
    })),
    session.checkAborted,
  );
  const entries = runs.map((run) => {
    const pages = (run.end - run.start) / pageSize;
    const flags = pageFlag.present | (run.lazy ? pageFlag.lazy : 0);
    return { vaddr: BigInt(run.start), compatNrPages: pages, nrPages: BigInt(pages), flags };
  });
  session.store.write(`pagemap-${pid}.img`, encodePagemap({ pagesId }, entries));
  const out = session.store.open(`pages-${pagesId}.img`, 'write');
  try {
    return copyRuns(pid, runs, dumped, out, session);
  } finally {
    closeSync(out);
  }
}

function copyRuns(
  pid: number,
  runs: readonly PageRun[],
  maps: readonly DumpedMap[],
  out: number,
  session: Session,
): number {
  const isHidden = hiddenRuns(maps);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return arena.scope(() => {
      const buffer = arena.alloc(chunk);
      let fill = 0;
      let total = 0;
      for (const run of runs) {
        const hidden = isHidden(run);
        for (let from = run.start; from < run.end; ) {
          const want = Math.min(run.end - from, chunk - fill);
          const got = hidden
            ? readSync(memory, buffer.bytes, fill, want, from)
            : readMemoryInto(pid, from, buffer.address + fill, want);
          if (got <= 0)
            throw new EngineError('TARGET_DIED', `process ${pid}: its memory at 0x${from.toString(16)} is gone`, {
              pid,
            });
          from += got;
          fill += got;
          total += got;
          if (fill < chunk) continue;
          writeOut(out, buffer.address, fill);
          session.checkAborted();
          fill = 0;
        }
      }
      writeOut(out, buffer.address, fill);
      return total;
    });
  } finally {
    closeSync(memory);
  }
}

/**
 * Tells of each run whether the process itself may not read some of it: process_vm_readv(2) refuses such pages, and
 * /proc/PID/mem gives them. Runs must come in the order of their addresses: each map is looked at once.
 */
function hiddenRuns(maps: readonly DumpedMap[]): (run: PageRun) => boolean {
  const unreadable = maps.filter(({ vma }) => !vma.read).map(({ vma }) => vma);
  let at = 0;
  return ({ start, end }) => {
    while (at < unreadable.length && (unreadable[at] as Vma).end <= start) at++;
    return at < unreadable.length && (unreadable[at] as Vma).start < end;
  };
}

function writeOut(fd: number, address: number, length: number): void {
  for (let done = 0; done < length; ) {
    try {
      done += syscall('write', fd, address + done, length - done);
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      if (error.code === 'EINTR') continue;
      if (error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG')
        throw new EngineError('IMAGES_FULL', `no room left for the pages of the dump (${error.code})`, {
          cause: error,
          remedy: 'Make room, or choose another image directory.',
        });
      throw error;
    }
  }
}
