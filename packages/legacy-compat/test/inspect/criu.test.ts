import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectFile, whereItLoads } from '@criujs/legacy-compat/inspect';
import { describe, expect } from 'vitest';
import { realCriu } from '../../../core/test/harness/engines.ts';
import { compiler, criu, criuMissing } from '../../../core/test/harness/machine.ts';
import { test } from '../../../core/test/harness/place.ts';
import { shCounter } from '../../../core/test/harness/programs.ts';
import { headers } from '../compile.ts';

// What is said of a release of CRIU is what the CRIU that is here does.

const missing = compiler === null ? 'no C compiler' : criuMissing();

/** The release that is here, as the table has it; null: another than those that are tried. */
function row(): string | null {
  const version = execFileSync(criu ?? '', ['--version'], { encoding: 'utf8' });
  return /\b4\.1(\.1)?$/m.test(version) ? '4.1–4.1.1' : null;
}

/** A plugin in C against our headers. */
const headed = (hooks: readonly string[]): string => `#include "criu-plugin.h"
CR_PLUGIN_REGISTER_DUMMY("headed")
${hooks.map((hook) => `static int ${hook}_it(int x) { return x - 95; }\nCR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__${hook}, ${hook}_it)\n`).join('')}`;

describe.skipIf(missing !== null)(`CRIU itself${missing === null ? '' : ` (${missing})`}`, () => {
  test.for([
    ['descriptor.c', '-DHOOKS=7', '-DEARLY'],
    ['descriptor.c', '-DHOOKS=12'],
    ['descriptor.c', '-DHOOKS=13'],
    ['descriptor.c', '-DHOOKS=15'],
    ['descriptor.c', '-DHOOKS=12', '-DVERSION=0x300'],
    ['descriptor.c', '-DHOOKS=12', '-DVERSION=0x100'],
    ['functions.c'],
  ])('loads or refuses %s as it is said', async ([source = '', ...flags], { place, skip }) => {
    const release = row();
    skip(release === null, 'another CRIU than 4.1');
    const plugins = place.fresh('plugins');
    mkdirSync(plugins);
    const library = join(plugins, 'plugin.so');
    execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', '-o', library, ...flags, join(import.meta.dirname, source)]);
    const { criu: verdicts } = whereItLoads(await inspectFile(library));
    const said = verdicts.find((it) => it.releases === release)?.loads;

    const target = await place.start(shCounter);
    const dumped = realCriu.dump(
      target.pid,
      place.fresh('images'),
      { leaveRunning: true },
      { env: { CRIU_LIBS_DIR: plugins } },
    );
    expect(
      await dumped.then(
        () => true,
        () => false,
      ),
    ).toBe(said);
    await target.advance();
  });

  // Nothing was said to the compiler of the release: what is declared is what was registered.
  test.for([
    [[], true],
    [['DUMP_EXT_FILE', 'RESTORE_EXT_FILE'], true],
    [['CHECKPOINT_DEVICES', 'DUMP_UNIX_SK'], true],
    [['DUMP_UNIX_SK', 'POST_FORKING'], false],
    [['DUMP_DEVICES_LATE'], false],
  ] as const)('loads what our headers make of %s: %s', async ([hooks, loads], { place, skip }) => {
    const release = row();
    skip(release === null, 'another CRIU than 4.1');
    const plugins = place.fresh('plugins');
    mkdirSync(plugins);
    const [source, library] = [join(place.directory, 'headed.c'), join(plugins, 'headed.so')];
    writeFileSync(source, headed(hooks));
    execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', `-I${headers}`, '-o', library, source]);
    const found = await inspectFile(library);
    expect(found.hooks).toHaveLength(hooks.length);
    expect(whereItLoads(found).criu.find((it) => it.releases === release)?.loads).toBe(loads);

    const target = await place.start(shCounter);
    const env = { CRIU_LIBS_DIR: plugins };
    const dumped = realCriu.dump(target.pid, place.fresh('images'), { leaveRunning: true }, { env });
    await (loads ? dumped : expect(dumped).rejects.toThrow(/max_hooks|plugin/i));
    await target.advance();
  });
});
