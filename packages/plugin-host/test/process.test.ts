import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

// Whole programs that host plugins, as an integrator writes them: what becomes of the process itself.

const folder = mkdtempSync(join(tmpdir(), 'criujs-process-'));
afterAll(() => rmSync(folder, { recursive: true }));

const host = JSON.stringify(new URL('../dist/index.js', import.meta.url).href);
const sdk = JSON.stringify(import.meta.resolve('@criujs/plugin-sdk'));

const prelude = `
  import { createPluginHost } from ${host};
  import { definePlugin, hook } from ${sdk};
  const host = await createPluginHost({
    cwd: ${JSON.stringify(folder)},
    deadline,
    plugins: [...files, definePlugin({
      name: 'inline',
      hooks: [hook('POST_FORKING', () => inHook()), hook('RESTORE_INIT', () => {})],
    })],
  });
  await host.start('restore');
  const call = (name) => host.call(name, {}).then(() => console.log(name + ' ok'), (error) => console.log(error.code, error.plugin, error.message));
  const turns = async () => { for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 1)); };
`;
const epilogue = `
  console.log('errors', (await host.finish({ ok: true })).length);
  globalThis.finished = true;
`;

interface Ending {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program whose plugin runs `inHook` in POST_FORKING; `body` is the program's own. */
function program({ inHook = '', body = '', files = [] as string[], deadline = 3000 }): Ending {
  const text = `const deadline = ${deadline}; const files = ${JSON.stringify(files)}; const inHook = () => { ${inHook} };\n${prelude}${body}${epilogue}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

test('a program ends by itself after finish', () => {
  const { status, out, err } = program({ body: "await call('POST_FORKING');" });
  expect({ status, out, err }).toEqual({ status: 0, out: 'POST_FORKING ok\nerrors 0\n', err: '' });
});

test('what a file throws is told with its line', () => {
  const file = join(folder, 'throws.mjs');
  const lines = [
    `import { definePlugin, hook } from ${sdk};`,
    'const handler = () => {',
    '  undefined.deeper;',
    '};',
    "export default definePlugin({ name: 'throws', hooks: [hook('RESTORE_INIT', handler)] });",
  ];
  writeFileSync(file, lines.join('\n'));
  const { out } = program({ files: [file], body: "await call('RESTORE_INIT');" });
  expect(out).toMatch(/^HOOK_FAILED throws .* \(at .*throws\.mjs:3:13\)$/m);
});

test("a plugin's process.exit fails its hook, and the program goes on", () => {
  const { status, out } = program({
    inHook: 'process.exit(3)',
    body: "await call('POST_FORKING'); await call('RESTORE_INIT');",
  });
  expect(out).toBe(
    'PLUGIN_EXITED inline plugin inline: POST_FORKING called process.exit(3)\nRESTORE_INIT ok\nerrors 0\n',
  );
  expect(status).toBe(0);
});

test("the program's own process.exit is its own, also while a hook runs", () => {
  const { status, out } = program({
    inHook: 'return new Promise(() => {})',
    body: "call('POST_FORKING'); process.exit(7);",
  });
  expect({ status, out }).toEqual({ status: 7, out: '' });
});

test.each([
  ['a timer that throws', "setTimeout(() => { throw new Error('later'); })"],
  ['a rejection', "Promise.reject(new Error('later'))"],
])("a plugin's %s fails the next call, and the program goes on", (_, inHook) => {
  const body = "await call('POST_FORKING'); await turns(); await call('RESTORE_INIT'); await call('RESTORE_INIT');";
  const { status, out } = program({ inHook, body });
  const failed =
    'HOOK_FAILED inline plugin inline: POST_FORKING failed: threw later, where nothing could catch it: later';
  expect(out).toBe(`POST_FORKING ok\n${failed}\nRESTORE_INIT ok\nerrors 0\n`);
  expect(status).toBe(0);
});

test.each([
  ['a timer that throws', "setTimeout(() => { throw new Error('of the program'); }); await turns();"],
  ['a rejection', "Promise.reject(new Error('of the program')); await turns();"],
])("the program's own %s ends it as without a host", (_, body) => {
  const { status, out, err } = program({ body });
  expect({ status, out }).toEqual({ status: 1, out: '' });
  expect(err).toContain('Error: of the program\n    at ');
});

test('handlers of the program for such errors keep their say', () => {
  const body = `
    process.on('uncaughtException', (error) => console.log('program saw', error.message));
    setTimeout(() => { throw new Error('its own'); });
    await turns();`;
  const { status, out } = program({ body });
  expect({ status, out }).toEqual({ status: 0, out: 'program saw its own\nerrors 0\n' });
});

test('after finish nothing is watched any more', () => {
  const inHook = "setInterval(() => { if (globalThis.finished) throw new Error('much later'); }, 1)";
  const { status, out, err } = program({ inHook, body: "await call('POST_FORKING');" });
  expect({ status, out }).toEqual({ status: 1, out: 'POST_FORKING ok\nerrors 0\n' });
  expect(err).toContain('Error: much later');
});

test.each(['plugin.ts', 'plugin.mjs'])(
  '%s is loaded from a folder without packages; an exit while it loads is caught',
  (name) => {
    const source = (before: string) => `import { definePlugin, hook } from '@criujs/plugin-sdk';
${before}
export default definePlugin({ name: 'file', hooks: [hook('RESTORE_INIT', () => { process.exit(1); })] });`;
    writeFileSync(join(folder, name), source(''));
    expect(program({ files: [`./${name}`], body: "await call('RESTORE_INIT');" })).toMatchObject({
      status: 0,
      out: 'PLUGIN_EXITED file plugin file: RESTORE_INIT called process.exit(1)\nerrors 0\n',
    });
    writeFileSync(join(folder, `bad-${name}`), source('process.exit(0);'));
    const { status, err } = program({ files: [`./bad-${name}`] });
    expect(status).toBe(1);
    expect(err).toContain(`plugin ./bad-${name}: load called process.exit(0)`);
  },
);

test('no deadline runs while an inspector is open, and one runs again once it is closed', () => {
  const { out } = program({
    inHook: 'return new Promise((resolve) => setTimeout(resolve, 200));',
    body: `
      const inspector = await import('node:inspector');
      inspector.open(0, '127.0.0.1');
      await call('POST_FORKING');
      inspector.close();
      await call('POST_FORKING');
    `,
    deadline: 20,
  });
  expect(out.split('\n').slice(0, 2)).toEqual([
    'POST_FORKING ok',
    'HOOK_TIMEOUT inline plugin inline: POST_FORKING did not answer within 20 ms',
  ]);
});
