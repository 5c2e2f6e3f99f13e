import { closeSync, fstatSync } from 'node:fs';
import { EngineError } from '../errors/errors.ts';
import { openStreams } from '../streams/store-streams.ts';
import { createCommitMark } from './commit-mark.ts';
import { checkedDescriptor, readImage } from './image-file.ts';
import { inventoryName } from './image-names.ts';
import type { ImageStore, ImageTransaction } from './image-store.ts';
import { noImages, type Purpose, type RunImages } from './run-images.ts';
import { storeSections } from './store-sections.ts';
import { writeError } from './write-image.ts';

type Open = (name: string, mode: 'read' | 'write') => Promise<number | null>;

/** Images in a store of the caller. @throws EngineError */
export async function openStore(store: ImageStore, purpose: Purpose): Promise<RunImages> {
  const mark = createCommitMark();
  const transaction = await begin(store, purpose);
  const end = async (): Promise<void> => {
    // A store that hangs here must not make the run hang.
    await settled(Promise.resolve(transaction.abort()), purpose.deadlineMs, undefined).catch(() => undefined);
  };
  const written = new Set<string>();
  const streams = openStreams(purpose);
  const open: Open = async (name, mode) => {
    if (mode === 'write') {
      if (mark.committed()) throw tooLate(name);
      written.add(name);
    }
    const again = mode === 'read' ? streams.again(name) : null;
    if (again !== null) return again;
    let fd: number;
    try {
      fd = await transaction.open(name, mode);
    } catch (error) {
      if (mode === 'read' && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw mode === 'write' ? writeError(error, name) : error;
    }
    return mode === 'read' ? streams.asFile(fd, name) : fd;
  };
  try {
    if (purpose.stage === 'restore') await checkInventory(open);
  } catch (error) {
    streams.close();
    await end();
    throw error;
  }
  return {
    ...noImages(),
    mark,
    place: 'store',
    open,
    sections: async () => storeSections(transaction, open, purpose),
    read: async (name) => readWhole(await open(name, 'read'), name),
    list: async () => (await transaction.list?.()) ?? [...written],
    async commit() {
      try {
        await transaction.commit();
      } catch (error) {
        throw writeError(error, 'the store');
      }
    },
    async close() {
      streams.close();
      if (!mark.committed()) await end();
    },
  };
}

async function begin(store: ImageStore, purpose: Purpose): Promise<ImageTransaction> {
  const { stage, force, deadlineMs, signal } = purpose;
  // What throws at once must not differ from what rejects.
  const begun = (async () => store.begin(stage === 'dump' ? { stage, force } : { stage }))();
  let transaction: ImageTransaction;
  try {
    transaction = await settled(begun, deadlineMs, signal);
  } catch (error) {
    // One that comes after all would keep its claim.
    void begun.then((it) => it.abort()).catch(() => undefined);
    throw beginError(error, stage);
  }
  const { open, commit, abort } = transaction ?? {};
  if ([open, commit, abort].every((it) => typeof it === 'function')) return transaction;
  throw new EngineError(
    'BAD_OPTION',
    '`begin` of the store did not return an object with `open`, `commit` and `abort`',
    {
      remedy: 'See ImageTransaction of @criujs/core.',
    },
  );
}

/** What stores say by the code of the error that `begin` throws, errno(3). */
const refusals: Readonly<Record<string, { code: 'IMAGES_BUSY' | 'IMAGES_EXIST'; message: string; remedy: string }>> = {
  EBUSY: {
    code: 'IMAGES_BUSY',
    message: 'the store is in use by another run',
    remedy: 'Wait until that run ends, or use another store.',
  },
  EEXIST: {
    code: 'IMAGES_EXIST',
    message: 'the store holds a dump already',
    remedy: 'Give another store, or replace the old dump with the option `force`.',
  },
};

function beginError(thrown: unknown, stage: Purpose['stage']): EngineError {
  if (thrown instanceof EngineError) return thrown;
  const refused = refusals[(thrown as NodeJS.ErrnoException | undefined)?.code ?? ''];
  if (refused !== undefined)
    return new EngineError(refused.code, refused.message, { remedy: refused.remedy, cause: thrown });
  if (stage === 'dump') return writeError(thrown, 'the store');
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new EngineError('IMAGE_INVALID', `the store cannot be read: ${why}`, {
    remedy: 'Give the store that the dump wrote.',
    cause: thrown,
  });
}

/** Waits for the caller's code, but neither for ever nor beyond an abort. @throws EngineError HOOK_TIMEOUT, ABORTED */
async function settled<T>(work: Promise<T>, ms: number, signal: AbortSignal | undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let abort = (): void => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    const late = new EngineError('HOOK_TIMEOUT', `the image store does not answer; it had ${ms} ms`, {
      remedy: 'Make it faster, or give it more time with hookDeadline.',
    });
    timer = setTimeout(() => reject(late), ms);
    abort = () => reject(new EngineError('ABORTED', 'the run was aborted'));
    signal?.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function readWhole(fd: number | null, name: string): Uint8Array | null {
  if (fd === null) return null;
  checkedDescriptor(fd, name);
  try {
    return readImage(fd, name);
  } finally {
    closeSync(fd);
  }
}

async function checkInventory(open: Open): Promise<void> {
  const fd = await open(inventoryName, 'read');
  try {
    if (fd !== null && fstatSync(fd).size > 0) return;
  } finally {
    if (fd !== null) closeSync(fd);
  }
  throw new EngineError('IMAGES_INCOMPLETE', `the store holds no complete dump: there is no ${inventoryName}`, {
    remedy: 'Give the store that the dump wrote.',
  });
}

function tooLate(name: string): EngineError {
  return new EngineError('IMAGES_UNWRITABLE', `${name} cannot be written any more: the store has committed the dump`, {
    remedy: 'Write it in a hook before the end of the dump, not in `exit`.',
    resource: name,
  });
}
