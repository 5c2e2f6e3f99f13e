import { statSync } from 'node:fs';
import { create, FdTypes, FileEntrySchema } from '@criujs/images';
import { expect, test } from 'vitest';
import { sampleFile, sampleTree } from '../../../test/files-samples.ts';
import type { FileEntry, LatePlace, LoadContext } from './opening.ts';
import { nobody } from './owner.ts';
import { procFile } from './proc-file.ts';

const { pid } = process;
const stat = statSync(`/proc/${pid}/status`, { bigint: true });
const inTree = sampleTree({ pids: [pid], all: [sampleFile({ link: '/dev/null', pid, fd: 4 })] });

function answer(link: string, tree = inTree): string | null {
  const found = procFile.recognise(sampleFile({ link, stat }), tree);
  return typeof found === 'object' && found !== null ? found.why : found;
}

test.for([
  `/proc/${pid}`,
  `/proc/${pid}/status`,
  `/proc/${pid}/fd`,
  `/proc/${pid}/fdinfo/4`,
  `/proc/${pid}/task/${pid}/maps`,
  `/proc/${pid}/status (deleted)`,
  '/proc/1/status',
])('%s is taken', (link) => {
  expect(answer(link)).toBe('mine');
});

test.for([
  ['/proc/2/status', /belongs to process 2, outside of the dumped tree/],
  [`/proc/${pid}/task/1/maps`, /the single thread 1,/],
  [`/proc/${pid}/fdinfo/5`, /has closed the descriptor 5/],
  ['/proc/4194303/status (deleted)', /has ended, and reading it gives ESRCH/],
] as const)('%s is refused', ([link, why]) => {
  expect(answer(link)).toMatch(why);
});

test.for([
  '/proc/meminfo',
  '/proc/sys/kernel/pid_max',
  '/process/1/status',
  '/proc/1/root/etc/shadow',
  '/proc/1/exe',
  '/proc/1/fd/3',
  '/proc/1/task/1/cwd',
  '/proc/1/ns/net',
  '/proc/1/../self/status',
  '/proc/1//status',
])('%s is none of its files, neither open nor in images', (link) => {
  expect(answer(link)).toBeNull();
  expect(procFile.matches(entry(link))).toBe(false);
});

function entry(name: string): FileEntry {
  const reg = { id: 1, flags: 0, pos: 0n, fown: nobody, name, mode: 0o100444 };
  return create(FileEntrySchema, { type: FdTypes.REG, id: 1, reg }) as FileEntry;
}

test('paths lead to the processes of now, a descriptor that fdinfo tells of is there, and others are an error', () => {
  const { openLate } = procFile.load({} as LoadContext);
  const done: string[] = [];
  const place: LatePlace = {
    now: (old) => (old === 40 ? 1040 : undefined),
    process: () => undefined,
    root: 0,
    openIn: () => expect.unreachable(),
    call: () => -1,
    open: (path) => done.push(path),
    occupy: (old, fd) => void done.push(`${old} ${fd}`),
    within: () => expect.unreachable(),
    hold: () => expect.unreachable(),
    fetch: () => expect.unreachable(),
    withEnding: () => undefined,
  };
  for (const name of ['/proc/40/task/40/maps', '/proc/40', '/proc/1/status', '/proc/40/fdinfo/7'])
    openLate?.(entry(name), place);
  expect(done).toEqual(['/proc/1040/task/1040/maps', '/proc/1040', '/proc/1/status', '40 7', '/proc/1040/fdinfo/7']);
  expect(() => openLate?.(entry('/proc/41/status'), place)).toThrow(expect.objectContaining({ code: 'IMAGE_INVALID' }));
});
