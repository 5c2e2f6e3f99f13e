import { create, FdTypes, FileEntrySchema } from '@criujs/images';
import { readThreads } from '@criujs/linux';
import { expect, test } from 'vitest';
import { sampleFile, sampleTree } from '../../../test/files-samples.ts';
import type { FileEntry, LatePlace, LoadContext, Opener } from './opening.ts';
import { pidfd } from './pidfd.ts';

/** What the kind says of a handle whose fdinfo has this pid. */
function answerFor(pid: number): unknown {
  const file = sampleFile({ link: 'anon_inode:[pidfd]', info: { fields: new Map([['Pid', String(pid)]]) } });
  return pidfd.recognise(file, sampleTree({ pids: [process.pid] }));
}

test('handles of the tree and of ended processes are taken, others are refused by what they lead to', () => {
  expect([answerFor(-1), answerFor(process.pid)]).toEqual(['mine', 'mine']);
  expect(answerFor(process.ppid)).toMatchObject({
    why: `it is a handle of process ${process.ppid}, outside of the dumped tree`,
  });
  expect(answerFor(0)).toMatchObject({ why: 'its process is in another pid namespace' });
  const thread = readThreads(process.pid).find((tid) => tid !== process.pid);
  expect(answerFor(thread ?? 0)).toMatchObject({ why: expect.stringContaining(`single thread ${thread}`) });
});

const fown = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };
type Handle = { id: number; ino: number; nspid: number; flags?: number };
const entry = ({ id, ino, nspid, flags = 0 }: Handle): FileEntry =>
  create(FileEntrySchema, { type: FdTypes.PIDFD, id, pidfd: { id, ino, nspid, flags, fown } }) as FileEntry;

/** Only what the kind uses of it. */
function load(...entries: FileEntry[]): Opener {
  const records = { pidfds: [{ id: 2, exitCode: 0x300 }] };
  return pidfd.load({ entries, records } as unknown as LoadContext);
}

/** Notes what is made. */
function pretendPlace(): LatePlace & { readonly made: string[] } {
  const made: string[] = [];
  return {
    made,
    now: (old) => (old === 40 ? 1040 : undefined),
    process: () => undefined,
    root: 0,
    openIn: () => expect.unreachable(),
    call(name, args) {
      made.push(`${name} ${args.join(' ')}`);
      return 100 + made.length;
    },
    open: () => -1,
    occupy: () => undefined,
    within: () => expect.unreachable(),
    hold: () => expect.unreachable(),
    fetch: () => expect.unreachable(),
    withEnding(status, use) {
      made.push(`end ${status}`);
      use(7);
    },
  };
}

test('handles of one ended process are of one again, ended as it was or killed; others lead to the process of now', () => {
  const entries = [
    entry({ id: 1, ino: 5, nspid: 40, flags: 0o4000 }),
    entry({ id: 2, ino: 6, nspid: -1 }),
    entry({ id: 3, ino: 6, nspid: -1 }),
    entry({ id: 4, ino: 8, nspid: -1 }),
  ];
  const opener = load(...entries);
  const place = pretendPlace();
  const numbers = entries.map((it) => opener.openLate?.(it, place));
  expect(new Set(numbers).size).toBe(4);
  expect(place.made).toEqual([
    'pidfd_open 1040 2048',
    'end 768',
    'pidfd_open 7 0',
    'pidfd_open 7 0',
    'end 9',
    'pidfd_open 7 0',
  ]);
});

test('impossible handles are refused', () => {
  expect(() => load(entry({ id: 1, ino: 5, nspid: -2 }))).toThrow('the pid of a pidfd is -2');
  expect(() => load(entry({ id: 1, ino: 5, nspid: 1, flags: 1 }))).toThrow('the flags of a pidfd is 1');
  const stranger = entry({ id: 1, ino: 5, nspid: 41 });
  expect(() => load(stranger).openLate?.(stranger, pretendPlace())).toThrow(/process 41, which the images do not have/);
});
