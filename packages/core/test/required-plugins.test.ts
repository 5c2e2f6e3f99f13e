import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeImage } from '@criujs/images';
import { describe, expect } from 'vitest';
import { listen } from './harness/calls.ts';
import { criujs, criujsCommand, criujsFails, type Engine } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { criu, criuMissing, isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { processesIn, untilGone } from './harness/processes.ts';
import { counter } from './harness/programs.ts';

// A plugin that takes no resource and writes the state of its device at the dump: without it the program would come back
// without the device.

const path = fileURLToPath(new URL('plugins/accelerator.ts', import.meta.url));
const missing = counter.missing ?? (isRoot ? null : 'needs root');
const noCriu = missing ?? criuMissing();
const withCriu = ['--engine', 'criu', '--criu-bin', criu ?? ''];

interface Call {
  readonly call: string;
  readonly state?: unknown;
}

const engines: readonly { readonly name: string; readonly more: readonly string[]; readonly lacks: string | null }[] = [
  { name: 'the embedded engine', more: [], lacks: missing },
  { name: 'CRIU', more: withCriu, lacks: noCriu },
];

const by = (name: string, more: readonly string[]): Engine => ({
  ...criujs,
  name,
  dump: (pid, images, _, how) => criujs.dump(pid, images, { more: [...more, '--plugin', path] }, how),
  restore: (images, _, how) => criujs.restore(images, { more: [...more, '--plugin', path] }, how),
});

function listed(images: string): readonly string[] | undefined {
  const [inventory] = decodeImage('INVENTORY', readFileSync(join(images, 'inventory.img')));
  return inventory?.message.pluginsEntry?.plugins;
}

for (const { name, more, lacks } of engines) {
  describe.skipIf(lacks)(`a plugin with observers alone, dumped by ${name}${lacks ? ` (${lacks})` : ''}`, () => {
    test('is listed, restored with, and missed by both engines before anything is made', async ({ place }) => {
      const target = await place.start(counter);
      const images = target.images();
      await by(name, more).dump(target.pid, images);
      await untilGone(target.pid);
      expect(listed(images)).toEqual(['accelerator_plugin']);
      const { plugins } = JSON.parse(readFileSync(join(images, 'criujs.json'), 'utf8')) as { plugins: unknown };
      expect(plugins).toMatchObject([
        { name: 'test-accelerator', inventoryName: 'accelerator_plugin', required: true, load: './accelerator.ts' },
      ]);

      for (const engine of engines.filter((it) => it.lacks === null)) {
        const restore = ['restore', '-D', images, '--detach', ...engine.more];
        expect(await criujsFails(restore)).toMatchObject({
          code: 'PLUGIN_MISSING',
          exitCode: 4,
          plugin: 'test-accelerator',
          message: 'the images need plugin test-accelerator 2.0.0, which is not loaded',
          remedy: expect.stringContaining('from its file, which was ./accelerator.ts at the dump'),
        });
      }
      expect(processesIn(target.directory)).toEqual([]);

      const { env, calls } = listen<Call>(place);
      place.track(await by(name, more).restore(images, {}, { env }));
      expect(calls('resume')).toMatchObject([{ state: { memory: 'precious' } }]);
      await target.advance();
      await target.finish();
    });

    test('travels twice', async ({ place }) => {
      const target = await place.start(counter);
      for (let leg = 0; leg < 2; leg++) await travel(place, target, { by: by(name, more) });
      await target.finish();
    });

    test('is missed by its name in the inventory, where nothing else names it', async ({ place }) => {
      const target = await place.start(counter);
      const images = target.images();
      await by(name, more).dump(target.pid, images);
      await untilGone(target.pid);
      // As older releases wrote it.
      const records = JSON.parse(readFileSync(join(images, 'criujs.json'), 'utf8')) as { plugins: object[] };
      const plugins = [{ name: 'test-accelerator', version: '2.0.0', apiVersion: 1 }];
      writeFileSync(join(images, 'criujs.json'), JSON.stringify({ ...records, plugins }));
      for (const engine of engines.filter((it) => it.lacks === null)) {
        expect(await criujsFails(['restore', '-D', images, '--detach', ...engine.more])).toMatchObject({
          code: 'PLUGIN_MISSING',
          plugin: 'accelerator_plugin',
          remedy: 'Load the plugin named accelerator_plugin that made the dump (--plugin, option `plugins`).',
        });
      }
      const restored = await criujsCommand(['restore', '-D', images, '--detach', ...more, '--plugin', path]);
      expect(restored.code, restored.stderr).toBe(0);
      place.track(target.pid);
      await target.advance();
      await target.finish();
    });
  });
}
