import { fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeScratch, removeScratch } from './scratch.ts';

/** Where os.tmpdir() looks, on any platform. */
const variables = ['TMPDIR', 'TMP', 'TEMP'] as const;
/** Milliseconds that descriptors and files may take to go away after a run. */
const patience = 1000;
/** Without a list of descriptors the numbers up to here are tried. */
const highest = 1024;

/**
 * What `body` leaves behind: descriptors that are open, and files in the temporary folder. What other code of this process
 * opens meanwhile would be blamed on it: so a finding counts only if it is found twice.
 */
export async function remainsOf(body: () => Promise<void>): Promise<readonly string[]> {
  const once = await look(body);
  return once.length === 0 ? once : look(body);
}

async function look(body: () => Promise<void>): Promise<readonly string[]> {
  const folder = makeScratch();
  const before = new Set(descriptors());
  const restore = redirect(folder);
  try {
    await body();
    const end = performance.now() + patience;
    for (;;) {
      const found = [...openSince(before), ...readdirSync(folder).map((it) => `file ${it} in the temporary folder`)];
      if (found.length === 0 || performance.now() > end) return found;
      await sleep(10);
    }
  } finally {
    restore();
    removeScratch(folder);
  }
}

/** Makes os.tmpdir() answer this folder. */
function redirect(folder: string): () => void {
  const before = variables.map((it) => [it, process.env[it]] as const);
  for (const name of variables) process.env[name] = folder;
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

function openSince(before: ReadonlySet<number>): string[] {
  return descriptors()
    .filter((fd) => !before.has(fd))
    .map((fd) => `descriptor ${fd}${targetOf(fd)}`);
}

/** The numbers of this process that are open now. */
function descriptors(): number[] {
  return numbers().filter((fd) => {
    try {
      fstatSync(fd);
      return true;
    } catch {
      // Reading the list takes one itself.
      return false;
    }
  });
}

function numbers(): number[] {
  if (process.platform === 'win32') return Array.from({ length: highest }, (_, fd) => fd);
  return readdirSync('/dev/fd').map(Number);
}

/** What it leads to, where that can be seen. */
function targetOf(fd: number): string {
  try {
    return ` (${readlinkSync(`/dev/fd/${fd}`)})`;
  } catch {
    return '';
  }
}
