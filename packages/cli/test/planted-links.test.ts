import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { nobody, run } from '../../core/test/harness/command.ts';
import { criujs, criujsCommand, criujsFails } from '../../core/test/harness/engines.ts';
import { criu, criuMissing, isRoot } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { untilGone } from '../../core/test/harness/processes.ts';
import { counter } from '../../core/test/harness/programs.ts';

// Root writes into directories of another user, who has put links there.

/** A directory of an ordinary user, and a file of root. */
function trap(place: Place): { folder: string; precious: string; unharmed: () => void } {
  const folder = place.fresh('theirs');
  mkdirSync(folder);
  chownSync(folder, nobody, nobody);
  const precious = place.fresh('precious');
  writeFileSync(precious, 'old');
  return { folder, precious, unharmed: () => expect(readFileSync(precious, 'utf8')).toBe('old') };
}

/** As that user would. */
async function plant(kind: 'symbolic link' | 'FIFO', path: string, to: string): Promise<void> {
  const command = kind === 'FIFO' ? ['mkfifo', path] : ['ln', '-s', to, path];
  expect(await run(command, { asNobody: true })).toMatchObject({ code: 0 });
}

describe.skipIf(!isRoot || counter.missing !== null)(
  'what another user has planted, root does not write through',
  () => {
    test('--record', async ({ place }) => {
      const target = await place.start(counter);
      const { folder, precious, unharmed } = trap(place);
      await plant('symbolic link', join(folder, 'link'), precious);
      await plant('FIFO', join(folder, 'fifo'), precious);
      linkSync(precious, join(folder, 'second'));
      for (const name of ['link', 'fifo', 'second']) {
        const images = place.fresh('images');
        const dump = ['dump', '-t', `${target.pid}`, '-D', images, '--record', join(folder, name)];
        expect(await criujsFails(dump), name).toMatchObject({
          code: 'BAD_OPTION',
          remedy: expect.stringMatching(/^\w+ /),
        });
        unharmed();
      }
      await target.advance();
      await target.finish();
    });

    test('--pidfile', async ({ place }) => {
      const target = await place.start(counter);
      const images = target.images();
      await criujs.dump(target.pid, images);
      await untilGone(target.pid);
      const { folder, precious, unharmed } = trap(place);
      await plant('symbolic link', join(folder, 'link'), precious);
      await plant('FIFO', join(folder, 'fifo'), precious);
      const restore = ['restore', '-D', images, '--detach', '--pidfile'];
      for (const name of ['link', 'fifo']) {
        expect(await criujsFails([...restore, join(folder, name)]), name).toMatchObject({ code: 'USAGE', exitCode: 2 });
        unharmed();
      }
      // A second name is replaced.
      linkSync(precious, join(folder, 'second'));
      expect(await criujsCommand([...restore, join(folder, 'second')])).toMatchObject({ code: 0, stderr: '' });
      place.track(target.pid);
      unharmed();
      expect(readFileSync(join(folder, 'second'), 'utf8')).toBe(`${target.pid}\n`);
      await target.finish();
    });

    test('a lock beside the image directory', async ({ place }) => {
      const target = await place.start(counter);
      const { folder, precious, unharmed } = trap(place);
      await plant('symbolic link', join(folder, '.first.criujs-lock'), precious);
      await plant('FIFO', join(folder, '.second.criujs-lock'), precious);
      linkSync(precious, join(folder, '.third.criujs-lock'));
      for (const name of ['first', 'second', 'third']) {
        const dump = ['dump', '-t', `${target.pid}`, '-D', join(folder, name)];
        expect(await criujsFails(dump), name).toMatchObject({ code: 'IMAGES_UNWRITABLE', remedy: 'Remove it.' });
        unharmed();
      }
      await target.finish();
    });

    test.skipIf(criuMissing())("CRIU's log and statistics, of a dump and of a restore", async ({ place }) => {
      const by = ['--engine', 'criu', '--criu-bin', criu ?? ''];
      const target = await place.start(counter);
      const { folder, precious, unharmed } = trap(place);
      const images = join(folder, 'images');
      mkdirSync(images);
      chownSync(images, nobody, nobody);
      for (const name of ['dump.log', 'stats-dump']) await plant('symbolic link', join(images, name), precious);
      const dumped = await criujsCommand(['dump', '-t', `${target.pid}`, '-D', images, ...by]);
      expect(dumped).toMatchObject({ code: 0, stderr: '' });
      await untilGone(target.pid);
      unharmed();
      expect(readFileSync(join(images, 'dump.log'), 'utf8')).toContain('Dumping');
      for (const name of ['restore.log', 'stats-restore']) await plant('symbolic link', join(images, name), precious);
      const logs = join(folder, 'logs');
      mkdirSync(logs);
      chmodSync(logs, 0o1777);
      symlinkSync(precious, join(logs, 'mine.log'));
      const options = ['--criu-option', `work-directory=${logs}`, '--criu-option', 'log-file=mine.log'];
      const again = await criujsCommand(['restore', '-D', images, '--detach', ...by, ...options]);
      expect(again).toMatchObject({ code: 0, stderr: '' });
      place.track(target.pid);
      unharmed();
      expect(readdirSync(logs).sort()).toEqual(['mine.log', 'stats-restore']);
      await target.advance();
      await target.finish();
    });
  },
);
