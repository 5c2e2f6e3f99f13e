import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import { criujs, criujsCommand, criujsFails } from '../../core/test/harness/engines.ts';
import { criu, criuMissing, isRoot } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { untilGone } from '../../core/test/harness/processes.ts';
import { counter } from '../../core/test/harness/programs.ts';

// What the author of a plugin sees of a throw, through the command line and under both engines.

const main = `import { definePlugin, hook } from '@criujs/plugin-sdk';
import { ask } from './ask.ts';

interface State { readonly text: string }
const save: (pid: number) => State = (pid) => {
  const at: Map<string, number> = new Map<string, number>(); return { text: ask(pid, at) };
};

export default definePlugin({
  name: 'broken',
  init: (stage) => {
    if (process.env['BREAK'] === 'init') throw new Error(\`cannot \${stage}\`);
  },
  exit: () => {
    if (process.env['BREAK'] === 'exit') throw new Error('cannot clean up');
  },
  hooks: [
    hook('CHECKPOINT_DEVICES', ({ pid }) => {
      if (process.env['BREAK'] === 'dump') save(pid);
    }),
    hook('RESUME_DEVICES_LATE', async ({ pid }) => {
      await null;
      if (process.env['BREAK'] === 'restore') save(pid);
    }),
  ],
});
`;

const ask = `export function ask(pid: number, at: Map<string, number>): string {
  try {
    return (at.get('x') as unknown as { y: string }).y;
  } catch (cause) {
    const both = new AggregateError([cause, new RangeError('pid ' + pid)], 'two reasons');
    throw Object.assign(new Error('no answer' as string, { cause: both }), { code: 'EDEVICE' });
  }
}
`;

const at = (file: string, line: number, column: number): unknown => expect.objectContaining({ file, line, column });

function write(place: Place, name: string, text: string): string {
  const path = join(place.directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const engines = [
  ['the embedded engine', counter.missing, []],
  ['the real CRIU', counter.missing ?? criuMissing(), ['--engine', 'criu', '--criu-bin', criu ?? '']],
] as const;

describe.each(engines)('under %s', (_, missing, by) => {
  const pids = isRoot || by.length > 0 ? [] : ['--new-pids'];

  test.skipIf(missing)('a throw in a hook at a dump has its place, its calls and its causes', async ({ place }) => {
    const target = await place.start(counter);
    const index = write(place, 'src/index.ts', main);
    const asking = write(place, 'src/ask.ts', ask);
    const how = { cwd: place.directory, env: { BREAK: 'dump' } };
    const args = ['dump', '-t', `${target.pid}`, '-D', target.images(), ...by, '-p', './src/index.ts'];
    const about = { code: 'HOOK_FAILED', plugin: 'broken', hook: 'CHECKPOINT_DEVICES' };

    const failure = await criujsFails(args, how);
    expect(failure).toMatchObject({
      ...about,
      exitCode: 4,
      message: `plugin broken: CHECKPOINT_DEVICES of process ${target.pid} failed: no answer (at src/ask.ts:6:25)`,
      remedy: 'Fix src/ask.ts:6:25, or run without broken.',
      thrown: {
        name: 'Error',
        message: 'no answer',
        code: 'EDEVICE',
        at: at(asking, 6, 25),
        frames: [at(asking, 6, 25), at(index, 6, 77), at(index, 19, 44)],
        causes: [
          { as: 'cause', depth: 1, name: 'AggregateError', message: 'two reasons', at: at(asking, 5, 18) },
          { as: 'error', depth: 2, name: 'TypeError', at: at(asking, 3, 53) },
          { as: 'error', depth: 2, name: 'RangeError', message: `pid ${target.pid}`, at: at(asking, 5, 45) },
        ],
      },
    });

    const short = await criujsCommand(args, how);
    expect(short.stderr.endsWith(`criujs: ${failure.message}\n  → ${failure.remedy}\n`), short.stderr).toBe(true);
    expect(short.stderr).not.toContain('caused by');
    const long = await criujsCommand([...args, '-v'], how);
    expect(long.stderr).toContain(`
  code HOOK_FAILED, plugin broken, hook CHECKPOINT_DEVICES, resource process ${target.pid}
  Error [EDEVICE]: no answer
      at ask (src/ask.ts:6:25)
      at save (src/index.ts:6:77)
      at src/index.ts:19:44
  caused by: AggregateError: two reasons (at src/ask.ts:5:18)
    one of its errors: TypeError: Cannot read properties of undefined (reading 'y') (at src/ask.ts:3:53)
    one of its errors: RangeError: pid ${target.pid} (at src/ask.ts:5:45)
`);
    expect(long.stderr, "only the author's own calls").not.toMatch(/run-hook|command\.cjs|node:internal/);
    await target.advance();
  });

  test.skipIf(missing)('a throw at a restore has the same', async ({ place }) => {
    const target = await place.start(counter);
    write(place, 'src/index.ts', main);
    const asking = write(place, 'src/ask.ts', ask);
    const images = target.images();
    const plugin = join(place.directory, 'src/index.ts');
    await criujs.dump(target.pid, images, { more: [...by, '-p', plugin] });
    await untilGone(target.pid);
    const args = ['restore', '-D', images, '--detach', ...pids, ...by, '-p', plugin];
    expect(await criujsFails(args, { env: { BREAK: 'restore' } })).toMatchObject({
      code: 'HOOK_FAILED',
      hook: 'RESUME_DEVICES_LATE',
      remedy: `Fix ${asking}:6:25, or run without broken.`,
      thrown: { at: at(asking, 6, 25), causes: [{ at: at(asking, 5, 18) }, {}, {}] },
    });
  });

  test.skipIf(missing)('init and exit are told in the same way', async ({ place }) => {
    const target = await place.start(counter);
    write(place, 'src/ask.ts', ask);
    const index = write(place, 'src/index.ts', main);
    const args = ['dump', '-t', `${target.pid}`, '-D', target.images(), '-R', ...by, '-p', './src/index.ts'];
    const inInit = await criujsFails(args, { cwd: place.directory, env: { BREAK: 'init' } });
    expect(inInit).toMatchObject({ code: 'PLUGIN_INIT_FAILED', thrown: { at: at(index, 12, 48) } });
    const inExit = await criujsCommand([...args, '-v'], { cwd: place.directory, env: { BREAK: 'exit' } });
    expect(inExit.code).toBe(0);
    expect(inExit.stderr).toContain('failed: cannot clean up (at src/index.ts:15:48)');
    expect(inExit.stderr).toContain('at Object.exit (src/index.ts:15:48)');
  });

  test.skipIf(missing)('an installed package is told its user to report', async ({ place }) => {
    const target = await place.start(counter);
    const bugs = 'https://example.org/broken/issues';
    const folder = 'node_modules/criu-plugin-broken';
    write(
      place,
      `${folder}/package.json`,
      JSON.stringify({ name: 'criu-plugin-broken', exports: './src/index.ts', bugs }),
    );
    write(place, `${folder}/src/index.ts`, main);
    write(place, `${folder}/src/ask.ts`, ask);
    const args = ['dump', '-t', `${target.pid}`, '-D', target.images(), ...by, '-p', 'criu-plugin-broken'];
    expect(await criujsFails(args, { cwd: place.directory, env: { BREAK: 'dump' } })).toMatchObject({
      message: expect.stringContaining(`(at ${folder}/src/ask.ts:6:25)`),
      remedy: `Report it to the author of criu-plugin-broken (${bugs}), or run without it.`,
    });
  });
});
