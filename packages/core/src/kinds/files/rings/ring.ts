import type { RingRecord } from '@criujs/engine-kit';
import { ringLayout } from '../../../facts/io-uring.ts';
import { invalid, unsupported } from '../../rules.ts';
import type { DumpContext, FilePayload, OpenFile } from '../dumping.ts';
import { fileTypes } from '../file-type.ts';
import type { Problem, Recognition } from '../held.ts';
import { keepPlace } from '../keep-place.ts';
import type { FileKind } from '../kind.ts';
import type { FileEntry, LoadContext, Opener } from '../opening.ts';
import { nobody } from '../owner.ts';
import { isProblem } from '../problem.ts';
import { ringCounters } from './counters.ts';
import { mapRing, ringBytes } from './memory.ts';
import { openRing } from './open.ts';
import { fits, isTooFar, ringLink, ringName, ringSetupOf } from './setup.ts';
import { lockingUser } from './user.ts';

/**
 * Rings of io_uring, as long as nothing is in flight and it is known how they were set up. Each is made anew and brought to the very
 * positions of the old one by operations that do nothing (IORING_OP_NOP): then its memory may be what it was, with what waits in it.
 * CRIU has no image of it: criujs.json says all of it, and CRIU refuses the entry.
 */
export const ring: FileKind = {
  name: ringName,
  describe: [
    {
      subject: 'pipes and events',
      taken: ['io_uring as Node has it, and plain rings of others, while nothing is in flight'],
      refused: ['io_uring with something registered, or with a thread of the kernel (`IORING_SETUP_SQPOLL`)'],
    },
  ],
  type: fileTypes.UND,
  recognise(file, tree): Recognition {
    if (file.link !== ringLink) return null;
    const setup = ringSetupOf(file, tree);
    return isProblem(setup) ? setup : 'mine';
  },
  dump,
  matches: ({ type }) => type === fileTypes.UND,
  // Nobody gets signals of it, and criujs.json has its flags.
  common: () => ({ flags: 0, fown: nobody }),
  load,
};

function dump({ id, seen, fd }: OpenFile, { records, tree, session }: DumpContext): FilePayload | Problem {
  const setup = ringSetupOf(seen, tree);
  if (isProblem(setup)) return setup;
  const { entries, completions, isIndexed, isTold } = setup;
  if (!isTold)
    session.warn(
      `${seen.pid} (${seen.command}) descriptor ${seen.fd}: io_uring comes back without IORING_SETUP_SUBMIT_ALL, COOP_TASKRUN and TASKRUN_FLAG, of which nothing tells whether it had them`,
    );
  const { count, tail, head } = ringCounters(seen.info);
  const bytes = ringBytes(setup);
  const memory = mapRing(fd, setup);
  try {
    const from = ringLayout.dropped.at;
    records.rings.push({
      ...{ id, flags: seen.flags, lockedBy: lockingUser(seen.pid), entries, completions, isIndexed, count, tail, head },
      queues: packed(memory.read('queues', from, bytes.queues - from)),
      submissions: packed(memory.read('submissions', 0, bytes.submissions)),
    });
  } finally {
    memory.unmap();
  }
  return {};
}

/** In base64, without the zeros at its end. */
function packed(bytes: Buffer): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end).toString('base64');
}

function load({ entries, records, session }: LoadContext): Opener {
  const known = new Map(records?.rings?.map((it) => [it.id, it]));
  const recordOf = ({ id }: FileEntry): RingRecord => {
    const record = known.get(id);
    if (record !== undefined) return record;
    if (records === null) throw unsupported(`file ${id} of the images is of no kind`, 'Use undamaged images.');
    throw invalid('criujs.json', `it does not know the ring ${id} of files.img`);
  };
  for (const entry of entries) check(recordOf(entry));
  return {
    open: keepPlace,
    isLate: () => true,
    openLate: (entry, place) => openRing(recordOf(entry), place, session.checkAborted),
  };
}

/** @throws EngineError IMAGE_INVALID */
function check(record: RingRecord): void {
  const { id, queues, submissions } = record;
  const bytes = ringBytes(record);
  const longest = { queues: bytes.queues - ringLayout.dropped.at, submissions: bytes.submissions };
  const length = (text: string): number => Buffer.byteLength(text, 'base64');
  const isWhole = fits(record) && length(queues) <= longest.queues && length(submissions) <= longest.submissions;
  if (!isWhole || isTooFar(record)) throw invalid('criujs.json', `the ring ${id} of files.img is as none can be`);
}
