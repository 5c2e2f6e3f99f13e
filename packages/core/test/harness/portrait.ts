import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fdinfoLines, ofPlugins } from '../mirror/fdinfo.ts';
import { compared } from '../mirror/property.ts';
import { smapsLines } from '../mirror/smaps.ts';
import { statusFields } from '../mirror/status.ts';
import { proc, procLink, procList, statFields, threadsOf, treeOf } from './processes.ts';

// What becomes of each line that the kernel shows is decided in `mirror`: one that nobody has decided about is an error here.
const inStatus = compared(statusFields, '/proc/PID/status');
const inFdinfo = compared(fdinfoLines, '/proc/PID/fdinfo');
const inSmaps = compared(smapsLines, '/proc/PID/smaps');

// Fields of /proc/PID/stat by their numbers in proc(5).
const statNumbers = {
  group: 5,
  session: 6,
  terminal: 7,
  nice: 19,
  code: 26,
  codeEnd: 27,
  stack: 28,
  exitSignal: 38,
  rtPriority: 40,
  policy: 41,
  data: 45,
  dataEnd: 46,
  heap: 47,
  args: 48,
  argsEnd: 49,
  env: 50,
  envEnd: 51,
  exitCode: 52,
} as const;

const files = ['cmdline', 'environ', 'auxv', 'personality', 'limits', 'oom_score_adj', 'loginuid'];
const links = ['exe', 'cwd', 'root', 'ns/mnt', 'ns/net', 'ns/pid', 'ns/user', 'ns/uts', 'ns/ipc', 'ns/cgroup'];

// Marks of memory that programs set: dd MADV_DONTDUMP, dc MADV_DONTFORK, gd grows down, and so on.
const marks = new Set([
  'dd',
  'dc',
  'wf',
  'mg',
  'hg',
  'nh',
  'gd',
  'rr',
  'sr',
  'lo',
  'lf',
  'nr',
  'dp',
  'sl',
  'ht',
  'um',
  'uw',
]);

interface Area {
  start: number;
  end: number;
  permissions: string;
  offset: number;
  file: string;
  marks: string;
  /** Lines of smaps that are compared as they are. */
  more: string;
}

/** What has no name is made anew: its inode has another number, and one that never had a name shows it. */
function nameless(file: string): string {
  const anonymous = file.indexOf('anon_inode:');
  if (anonymous >= 0) return file.slice(anonymous);
  if (/ socket:\[\d+\]$/.test(file)) return 'socket:';
  if (!file.endsWith(' (deleted)')) return file;
  return file
    .slice(file.indexOf('/'))
    .replace(/#\d+ \(deleted\)$/, '# (deleted)')
    .replace(/\.criujs-\d+ \(deleted\)$/, ' (deleted)');
}

function readAreas(pid: number): Area[] {
  const areas: Area[] = [];
  for (const line of (proc(pid, 'smaps') ?? '').split('\n')) {
    const [, start = '', end = '', permissions = '', offset = '', file = ''] =
      /^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) (.*)$/.exec(line) ?? [];
    const last = areas.at(-1);
    if (start) {
      const numbers = {
        start: Number.parseInt(start, 16),
        end: Number.parseInt(end, 16),
        offset: Number.parseInt(offset, 16),
      };
      areas.push({ ...numbers, permissions, file: nameless(file.replace(/ +/g, ' ')), marks: '', more: '' });
    } else if (last && line && !line.startsWith('VmFlags:')) {
      if (inSmaps(keyOf(line))) last.more += ` ${line.replace(/\s+/g, '')}`;
    } else if (last && line) {
      last.marks = line
        .split(' ')
        .filter((flag) => marks.has(flag))
        .join(' ');
    }
  }
  return areas;
}

/** The kernel merges neighbours of one kind, or not, depending on how they came to be: here they always are. */
function describeMaps(pid: number): string[] {
  const merged: Area[] = [];
  for (const area of readAreas(pid)) {
    const last = merged.at(-1);
    const joins =
      last?.end === area.start &&
      last.permissions === area.permissions &&
      last.file === area.file &&
      last.marks === area.marks &&
      last.more === area.more &&
      (last.offset + last.end - last.start === area.offset || (area.offset === 0 && area.file.endsWith(' 0 ')));
    if (last && joins) last.end = area.end;
    else merged.push(area);
  }
  return merged.map(
    ({ start, end, permissions, offset, file, marks: marked, more }) =>
      `${start.toString(16)}-${end.toString(16)} ${permissions} ${offset.toString(16)} ${file} ${marked}${more}`,
  );
}

function describeFiles(pid: number): string[] {
  const numbers = procList(pid, 'fd')
    .map(Number)
    .sort((a, b) => a - b);
  return numbers.map((fd) => {
    const info = proc(pid, `fdinfo/${fd}`) ?? '';
    const flags = /^flags:\s+(\d+)/m.exec(info)?.[1];
    // What is indented belongs to the line above.
    const lines = linesOf(info).filter((line) => /^\s/.test(line) || (!ofPlugins.test(line) && inFdinfo(keyOf(line))));
    // Pipes and anonymous inodes are made anew; O_DIRECTORY (0200000) is not kept by CRIU, and does nothing later.
    const name = nameless(procLink(pid, `fd/${fd}`) ?? '').replace(/:\[\d+\]$/, '');
    return `descriptor ${fd}: ${name} flags ${(Number.parseInt(flags ?? '0', 8) & ~0o200000).toString(8)} ${lines.join(' ')}`;
  });
}

/** What is in front of the colon, or the first word. */
function keyOf(line: string): string {
  return /^[\w-]+/.exec(line)?.[0] ?? line;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter(Boolean);
}

/** What the program sees of itself: in the directory of its log. `programs/inside.h` */
function describeInside(pid: number): string[] {
  const log = procList(pid, 'fd')
    .map((fd) => procLink(pid, `fd/${fd}`) ?? '')
    .find((path) => path.endsWith('/log'));
  const file = log === undefined ? '' : join(dirname(log), 'inside');
  return existsSync(file) ? [`inside: ${readFileSync(file, 'utf8')}`] : [];
}

function describeThread(pid: number, tid: number): string[] {
  const nice = statFields(pid, tid)?.[19];
  const status = linesOf(proc(pid, `task/${tid}/status`) ?? '').filter((line) => inStatus(keyOf(line)));
  return [`thread ${tid}: ${proc(pid, `task/${tid}/comm`)?.trim()} nice ${nice}`, ...status];
}

/** All that is left of a process that has ended. */
function describeZombie(pid: number, stat: readonly string[]): string[] {
  const { group, session, exitSignal, exitCode } = statNumbers;
  const numbers = [group, session, exitSignal, exitCode].map((number) => stat[number]);
  return [`zombie ${pid}: ${proc(pid, 'comm')?.trim()} ${numbers.join(' ')}`];
}

function describe(pid: number): string[] {
  const stat = statFields(pid) ?? [];
  if (stat[3] === 'Z') return describeZombie(pid, stat);
  return [
    `process ${pid}`,
    ...Object.entries(statNumbers).map(([name, number]) => `${name}: ${stat[number]}`),
    ...files.map((file) => `${file}: ${JSON.stringify(proc(pid, file))}`),
    ...links.map((link) => `${link}: ${procLink(pid, link)}`),
    ...threadsOf(pid)
      .sort((a, b) => a - b)
      .flatMap((tid) => describeThread(pid, tid)),
    ...describeInside(pid),
    ...describeFiles(pid),
    ...describeMaps(pid),
  ];
}

/** All that can be seen of a tree from outside and must not change: taken while the target stands still. */
export function portrait(root: number): string {
  return treeOf(root)
    .sort((a, b) => a - b)
    .flatMap(describe)
    .join('\n');
}
