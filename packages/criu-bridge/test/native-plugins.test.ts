import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeRecords } from '@criujs/engine-kit';
import { describe, expect } from 'vitest';
import { listen } from '../../core/test/harness/calls.ts';
import { unknownDevice } from '../../core/test/harness/devices.ts';
import { criujs, criujsFails } from '../../core/test/harness/engines.ts';
import { travel } from '../../core/test/harness/legs.ts';
import { compiler, criu, criuMissing } from '../../core/test/harness/machine.ts';
import { test } from '../../core/test/harness/place.ts';
import { cProgram } from '../../core/test/harness/programs.ts';
import { compilePlugin } from '../../legacy-compat/test/compile.ts';

const device = unknownDevice ?? '';
const missing =
  criuMissing() ?? (compiler === null ? 'no C compiler' : null) ?? (device === '' ? 'no unknown device' : null);

const by: readonly string[] = ['--engine', 'criu', '--criu-bin', criu ?? ''];
const observer = fileURLToPath(new URL('plugins/observer.ts', import.meta.url));

describe.skipIf(missing)(missing ?? 'a compiled plugin of the system, inside CRIU', () => {
  test('takes files alone, and beside a plugin in TypeScript that observes', async ({ place }) => {
    const library = compilePlugin('ext-file', place.fresh('native'));
    const target = await place.start({ ...cProgram('external'), env: { DEVICE: device } });
    const { env, calls } = listen<{ readonly call: string }>(place);
    for (const beside of [[], ['--plugin', observer]]) {
      const more = [...by, '--native-plugin', library, ...beside];
      const images = await travel(place, target, { by: criujs, dump: { more }, restore: { more }, how: { env } });
      const { externals } = decodeRecords(readFileSync(join(images, 'criujs.json')));
      expect(externals.map(({ file }) => [file.provider, file.holders.length]).sort()).toEqual([
        [null, 1],
        [null, 5],
      ]);
      for (const { file } of externals)
        expect(file).toMatchObject({ path: device, kind: 'character', rdev: { major: 10 } });
    }
    expect(calls('resume')).toHaveLength(target.pids().length);
    await target.finish();
  });

  test('is for CRIU alone: its images come back with the same plugin in our engine', async ({ place }) => {
    const library = compilePlugin('ext-file', place.fresh('native'));
    const target = await place.start({ ...cProgram('external'), env: { DEVICE: device } });
    const dump = { more: [...by, '--native-plugin', library] };
    await travel(place, target, { by: criujs, dump, restore: { more: ['--plugin', library] } });
    await target.finish();
  });

  test('that is none, or there twice, is wrong usage', async ({ place }) => {
    const [one, other] = ['one', 'other'].map((name) => compilePlugin('ext-file', place.fresh(name)));
    const dump = ['dump', '-t', '1', '-D', place.fresh('images'), ...by, '--native-plugin', one ?? ''];
    const target = await place.start(cProgram('counter'));
    const args = dump.with(2, String(target.pid));
    expect(await criujsFails([...args, '--native-plugin', other ?? ''])).toMatchObject({
      exitCode: 2,
      message: 'two compiled plugins are named ext-file.so',
    });
    expect(await criujsFails([...args, '--native-plugin', './none.so'])).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('none.so is not a compiled plugin'),
    });
  });
});
