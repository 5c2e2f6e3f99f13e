import { deviceOf, fileType, typeOf } from '@criujs/engine-kit/externals';
import type { DeviceNumber } from '@criujs/linux';
import { anonymousName, anonymousWord } from './anonymous.ts';
import type { SeenFile, Tree } from './held.ts';
import { describeSocket } from './socket-words.ts';
import { typeWord } from './stat.ts';

/** Major numbers of terminals: virtual consoles and serial lines, the controlling one, pseudo terminals (Linux's devices.txt). */
const terminalMajors: ReadonlySet<number> = new Set([4, 5, 136, 137, 138, 139, 140, 141, 142, 143]);

export function isTerminal(file: SeenFile): boolean {
  const device = deviceOf(file.stat);
  return typeOf(file.stat.mode) === fileType.character && device !== null && terminalMajors.has(device.major);
}

/** A file in words: `/dev/fuse (character device 10:229)`, `timer descriptor (timerfd)`, `TCP socket …`. */
export function describeFile(file: SeenFile, tree: Tree): string {
  const anonymous = anonymousName(file.link);
  if (anonymous !== null) return anonymousWord(anonymous);
  if (file.link.startsWith('socket:')) return describeSocket(file, tree);
  if (file.link.startsWith('/memfd:')) return `memory file ${memfdName(file.link)} (memfd)`;
  if (isTerminal(file)) return `terminal ${file.link}`;
  const device = deviceOf(file.stat);
  if (device !== null) return `${file.link} (${typeWord(file.stat.mode)} ${deviceText(device)})`;
  if (typeOf(file.stat.mode) === fileType.fifo && file.link.startsWith('/')) return `named pipe ${file.link}`;
  return namespaceText(file.link) ?? file.link;
}

/** Descriptors of one process that lead to one open file: `descriptor 3: pipe 77`, `descriptors 0,1,2: /dev/null`. */
export function descriptorResource(fds: readonly number[], what: string): string {
  return `descriptor${fds.length === 1 ? '' : 's'} ${numberRanges(fds)}: ${what}`;
}

/** `0,1,2`, or `3-9` where more than three follow one another. */
function numberRanges(numbers: readonly number[]): string {
  const runs: number[][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === number - 1) run.push(number);
    else runs.push([number]);
  }
  return runs.map((run) => (run.length > 3 ? `${run[0]}-${run.at(-1)}` : run.join(','))).join(',');
}

function deviceText(device: DeviceNumber): string {
  return `${device.major}:${device.minor}`;
}

function memfdName(link: string): string {
  return link.slice('/memfd:'.length).replace(/ \(deleted\)$/, '');
}

function namespaceText(link: string): string | null {
  const name = /^(cgroup|ipc|mnt|net|pid|time|user|uts):\[\d+\]$/.exec(link)?.[1];
  return name === undefined ? null : `namespace ${link}`;
}
