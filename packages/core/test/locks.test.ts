import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect } from 'vitest';
import { criujs, criujsFails } from './harness/engines.ts';
import { isRoot, python } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';

const locks = cProgram('locks');
const missing = locks.missing ?? (isRoot ? null : 'needs root');
const asked = { more: ['--file-locks'] } as const;

describe.skipIf(missing)(`locks of files${missing ? ` (${missing})` : ''}`, () => {
  test('are refused by a dump that is not asked for them, which names the option; the program runs on', async ({
    place,
  }) => {
    const target = await place.start(locks);
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    const refused = failure.refusals?.filter(({ remedy }) => remedy.includes('--file-locks')) ?? [];
    for (const name of ['ranges', 'open file', 'flocked', 'write lease'])
      expect(
        refused.some(({ resource }) => resource.endsWith(`/${name}`)),
        name,
      ).toBe(true);
    await target.advance();
    await target.finish();
  });

  test('are refused by a restore that is not asked for them, which names the option', async ({ place }) => {
    const target = await place.start(locks);
    const images = target.images();
    await criujs.dump(target.pid, images, asked);
    const failure = await criujsFails(['restore', '-D', images, '--detach']);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', remedy: expect.stringContaining('--file-locks') });
    place.track(await criujs.restore(images, asked));
    await target.advance();
    await target.finish();
  });

  test.skipIf(!python).for([
    ['ranges', 'fcntl.lockf(f, fcntl.LOCK_EX, 1, 22)', /process \d+ has locked it meanwhile/],
    ['open file', 'fcntl.lockf(f, fcntl.LOCK_EX, 1, 4)', /process \d+ has locked it meanwhile/],
    ['flocked', 'fcntl.flock(f, fcntl.LOCK_SH)', /another program has locked it meanwhile/],
    ['write lease', 'pass', /lock on .*write lease again, which another program may have taken meanwhile.*EAGAIN/],
  ] as const)(
    'that another program has taken meanwhile are an error: %s',
    async ([name, statement, error], { place }) => {
      const target = await place.start(locks);
      const images = target.images();
      await criujs.dump(target.pid, images, asked);
      const source = `import fcntl, sys\nf = open(sys.argv[1], 'r+')\n${statement}\nprint('locked', flush=True)\nsys.stdin.read()`;
      const other = spawn(python ?? '', ['-c', source, target.path(name)], { stdio: ['pipe', 'pipe', 'inherit'] });
      try {
        await once(other.stdout, 'data');
        const failure = await criujsFails(['restore', '-D', images, '--detach', ...asked.more]);
        expect(failure.message).toMatch(error);
        expect(failure.message).toContain(name);
      } finally {
        other.stdin.end();
        await once(other, 'close');
      }
      place.track(await criujs.restore(images, asked));
      await target.advance();
      await target.finish();
    },
  );
});
