import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, encodeImage } from '@criujs/images';
import { describe, expect } from 'vitest';
import { criujs, criujsFails, type Failure } from './harness/engines.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { processesIn } from './harness/processes.ts';
import { counter } from './harness/programs.ts';
import type { Target } from './harness/target.ts';

interface Row {
  readonly what: string;
  readonly code: string;
  readonly exitCode: number;
  /** Spoils something, and gives a function that puts it right again. */
  spoil(target: Target, images: string): () => void;
  /** A path that the error must name. */
  readonly names?: string;
}

function moved(path: string): () => void {
  renameSync(path, `${path}.away`);
  return () => renameSync(`${path}.away`, path);
}

const rows: readonly Row[] = [
  {
    what: 'a file that it had open is gone',
    code: 'FILE_MISSING',
    exitCode: 5,
    names: 'words',
    spoil: (target) => moved(target.path('words')),
  },
  {
    what: 'a file that it had mapped is gone',
    code: 'FILE_MISSING',
    exitCode: 5,
    names: 'mapped',
    spoil: (target) => moved(target.path('mapped')),
  },
  {
    what: 'its current directory is gone',
    code: 'FILE_MISSING',
    exitCode: 5,
    names: 'place',
    spoil: (target) => moved(target.path('place')),
  },
  {
    what: 'a file has grown',
    code: 'FILE_CHANGED',
    exitCode: 5,
    names: 'records',
    spoil(target) {
      const { length } = readFileSync(target.path('records'));
      appendFileSync(target.path('records'), 'more');
      return () => truncateSync(target.path('records'), length);
    },
  },
  {
    what: 'a file has become a directory’s name',
    code: 'FILE_CHANGED',
    exitCode: 5,
    names: 'place',
    spoil(target) {
      const undo = moved(target.path('place'));
      writeFileSync(target.path('place'), '');
      return () => {
        rmSync(target.path('place'));
        undo();
      };
    },
  },
  {
    what: 'there is no inventory: the dump never ended',
    code: 'IMAGES_INCOMPLETE',
    exitCode: 5,
    spoil: (_target, images) => moved(join(images, 'inventory.img')),
  },
  {
    what: 'an image is missing',
    code: 'IMAGE_INVALID',
    exitCode: 5,
    spoil: (target, images) => moved(join(images, `mm-${target.pid}.img`)),
  },
  {
    what: 'the images have a version of tomorrow',
    code: 'IMAGES_VERSION',
    exitCode: 5,
    spoil(_target, images) {
      const file = join(images, 'inventory.img');
      const bytes = readFileSync(file);
      const records = decodeImage('INVENTORY', bytes);
      for (const { message } of records) message.imgVersion = 99;
      writeFileSync(file, encodeImage('INVENTORY', records));
      return () => writeFileSync(file, bytes);
    },
  },
];

function expectRefusal(failure: Failure, { what, code, exitCode, names }: Row): void {
  expect(failure, what).toMatchObject({ code, exitCode });
  if (names) expect(`${failure.message} ${failure.resource}`, what).toContain(`/${names}`);
}

describe.skipIf(counter.missing)('a restore that cannot be', () => {
  test.skipIf(!isRoot)('says why, leaves nothing behind, and succeeds once that is put right', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    await criujs.dump(target.pid, images);
    for (const row of rows) {
      const repair = row.spoil(target, images);
      try {
        expectRefusal(await criujsFails(['restore', '-D', images, '--detach']), row);
        expect(processesIn(target.directory), row.what).toEqual([]);
      } finally {
        repair();
      }
    }
    place.track(await criujs.restore(images));
    await target.advance();
    await target.finish();
  });

  test.skipIf(!isRoot)('because a file has grown names the option that lets it', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    await criujs.dump(target.pid, images);
    appendFileSync(target.path('words'), 'word 20001\n');
    const failure = await criujsFails(['restore', '-D', images, '--detach']);
    expect(failure).toMatchObject({ code: 'FILE_CHANGED', remedy: expect.stringContaining('--allow-grown-files') });
    place.track(await criujs.restore(images, { more: ['--allow-grown-files'] }));
    await target.advance();
    await target.finish();
  });

  test.skipIf(!isRoot)('because somebody has the pid leaves them alone', async ({ place }) => {
    const target = await place.start(counter);
    const images = target.images();
    const who = target.identities();
    // Standing still, so that its files are those of the images.
    await target.paused(async () => {
      await criujs.dump(target.pid, images, { leaveRunning: true });
      const failure = await criujsFails(['restore', '-D', images, '--detach']);
      expect(failure).toMatchObject({ code: 'PID_TAKEN', exitCode: 7 });
      expect(failure.message).toContain(String(target.pid));
    });
    expect(target.identities()).toEqual(who);
    await target.advance();
    await target.finish();
  });
});
