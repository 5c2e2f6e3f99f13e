import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject } from 'vitest';
import { type Ended, run } from '../../../core/test/harness/command.ts';
import { unknownDevice } from '../../../core/test/harness/devices.ts';
import { criujs, criujsFails } from '../../../core/test/harness/engines.ts';
import { compiler, isRoot } from '../../../core/test/harness/machine.ts';
import type { Place } from '../../../core/test/harness/place.ts';
import { cProgram } from '../../../core/test/harness/programs.ts';
import { jsonOf, test, type User } from './user.ts';

// Somebody keeps a C plugin for a device, ports it, tests, breaks, debugs and publishes it; somebody else finds it and uses it, in a
// project and globally.

const device = unknownDevice ?? '';
const missing = compiler === null ? 'no C compiler' : unknownDevice === null ? 'no device that no engine knows' : null;

const name = 'criu-plugin-of-tests-radio';

/** As authors write it: with a macro of their own around CRIU's. */
const radio = `#include "criu-plugin.h"
#include "criu-log.h"

#define RADIO ${JSON.stringify(device)}
#define ON(hook, function) CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__##hook, function)

static int radio_save(int fildes, int ident) { return -ENOTSUP; }
static int radio_tune(int ident) { return open(RADIO, O_RDWR); }

CR_PLUGIN_REGISTER_DUMMY("radio")
ON(DUMP_EXT_FILE, radio_save)
ON(RESTORE_EXT_FILE, radio_tune)
`;

/** What the author writes into the ported project. `first`: a statement at the beginning of \`save\`. */
const ported = (first = ''): string => `import { openSync } from 'node:fs';
import { type HookClaim, type HookHandler, notSupported } from '@criujs/plugin-sdk';

const path = ${JSON.stringify(device).replaceAll('"', "'")};

/** Would \`save\` take it? */
export const claim: HookClaim<'DUMP_EXT_FILE'> = ({ file }) => file.path === path;

/** Saves a radio. */
export const save: HookHandler<'DUMP_EXT_FILE'> = async ({ id: ident, file }, { image }) => {
${first}  if (file.path !== path) return notSupported;
  await image.writeJson(\`file-\${ident}\`, { path });
};

/** Opens a radio again. */
export const open: HookHandler<'RESTORE_EXT_FILE'> = async ({ id: ident, file }, { image }) => {
  const saved = await image.readJson<{ path: string }>(\`file-\${ident}\`);
  return openSync(saved.path, file.flags);
};
`;

/** Speaks to the inspector as an editor does: goes on at each stop, and says where it was and what \`file.path\` is there. */
const debuggerOfEditor = `
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
const [{ program, args, env }] = JSON.parse(readFileSync('.vscode/launch.json', 'utf8')).configurations;
const file = program.replace('\${workspaceFolder}', process.cwd());
const child = spawn(process.execPath, ['--inspect-brk=127.0.0.1:0', file, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'pipe'] });
const address = await new Promise((found) => {
  let said = '';
  child.stderr.on('data', (piece) => {
    said += piece;
    const url = /ws:\\S+/.exec(said)?.[0];
    if (url) found(url);
  });
});
const socket = new WebSocket(address);
const waiting = new Map();
const sources = new Map();
const sourceOf = ({ url, sourceMapURL }) => {
  const [, map] = /;base64,(.*)$/.exec(sourceMapURL ?? '') ?? [];
  const source = map === undefined ? url : JSON.parse(Buffer.from(map, 'base64')).sources[0];
  return source.split('/').slice(-2).join('/');
};
let last = 0;
const ask = (method, params = {}) => new Promise((answered) => {
  waiting.set(++last, answered);
  socket.send(JSON.stringify({ id: last, method, params }));
});
socket.onmessage = async ({ data }) => {
  const { id, method, params, result } = JSON.parse(data);
  waiting.get(id)?.(result);
  if (method === 'Runtime.executionContextDestroyed') socket.close();
  if (method === 'Debugger.scriptParsed') sources.set(params.scriptId, sourceOf(params));
  if (method !== 'Debugger.paused') return;
  const [frame] = params.callFrames;
  if (params.reason !== 'Break on start') {
    const { result: value } = await ask('Debugger.evaluateOnCallFrame', { callFrameId: frame.callFrameId, expression: 'file.path' });
    console.log('stopped in', frame.functionName, 'at', sources.get(frame.location.scriptId), 'with', value.value);
  }
  await ask('Debugger.resume');
};
await new Promise((open) => (socket.onopen = open));
await ask('Runtime.enable');
await ask('Debugger.enable');
await ask('Runtime.runIfWaitingForDebugger');
child.on('close', (code) => process.exit(code));
`;

/** The author: from a file in C to a package on the registry. */
async function portAndPublish(user: User): Promise<void> {
  writeFileSync(user.path('radio.c'), radio);
  const create = ['npm', 'create', 'criu-plugin@latest', name, '--', '--yes', '--no-options'];
  const said = await user.run(user.home, [...create, '--from', 'radio.c', '--device', device]);
  expect(said).toContain('2 hooks read: DUMP_EXT_FILE, RESTORE_EXT_FILE (radio.c)');
  const project = user.path(name);
  const hooks = join(project, 'src/external-file.ts');
  expect(readFileSync(hooks, 'utf8')).toContain('radio_save(int fildes, int ident)');

  // Ported, and not written yet: its tests pass, and \`dev\` shows that it is asked.
  await user.run(project, ['npm', 'test']);
  expect(await user.run(project, ['npm', 'run', 'dev'])).toMatch(new RegExp(`DUMP_EXT_FILE .*${device}`));

  writeFileSync(hooks, ported());
  const packageJson = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  packageJson.criu.resources = { devices: [{ path: device }] };
  writeFileSync(join(project, 'package.json'), `${JSON.stringify(packageJson, null, 2)}\n`);
  for (const script of ['lint', 'typecheck', 'test']) await user.run(project, ['npm', 'run', script]);
  expect(await user.run(project, ['npm', 'run', 'dev'])).toMatch(/It runs as \d+\. It had counted to/);

  // Broken: the place in the author's own file, and the cause.
  const statement =
    "  const cause = new Error('no signal');\n  if (ident > 0) throw new TypeError('no radio', { cause });\n";
  writeFileSync(hooks, ported(statement));
  const lines = ported(statement).split('\n');
  const at = (word: string): string => {
    const line = lines.findIndex((it) => it.includes(word));
    return `src/external-file.ts:${line + 1}:${(lines[line]?.indexOf(word) ?? 0) + 1}`;
  };
  const broken = await user.try(project, ['npm', 'run', 'dev']);
  expect(broken.code).toBe(1);
  expect(broken.stderr).toContain(`no radio (at ${at('new TypeError')})`);
  expect(broken.stderr).toContain(`caused by: Error: no signal (at ${at('new Error')})`);

  // Debugged, by what the project has for editors.
  writeFileSync(hooks, ported('  debugger;\n'));
  writeFileSync(user.path('editor.mjs'), debuggerOfEditor);
  const debugged = await user.run(project, ['node', '--experimental-websocket', user.path('editor.mjs')]);
  expect(debugged).toContain(`stopped in save at src/external-file.ts with ${device}`);
  expect(debugged).toMatch(/It runs as \d+\. It had counted to/);

  writeFileSync(hooks, ported());
  await user.run(project, ['git', 'commit', '--quiet', '--all', '--message', 'It knows radios']);
  await user.run(project, ['npm', 'version', '1.0.0']);
  await user.run(project, [
    'npm',
    'config',
    'set',
    '--location=user',
    `//${new URL(inject('registry')).host}/:_authToken=nobody`,
  ]);
  await user.run(project, ['npm', 'publish', '--access', 'public']);
}

/** Dumps and restores a program that holds the device, with all plugins that are installed. */
async function keepRadio(place: Place, bin: string, cwd: string): Promise<void> {
  const target = await place.start(cProgram('external', { DEVICE: device }));
  const images = target.images();
  const more = ['--plugins', 'installed'];
  await criujs.dump(target.pid, images, { more }, { bin, cwd });
  target.pid = await criujs.restore(images, { more, newPids: !isRoot }, { bin, cwd });
  place.track(target.pid);
  await target.advance();
  await target.finish();
}

describe.skipIf(missing)(missing ?? 'from a plugin in C to somebody else’s program', () => {
  test('is ported, tested, broken, debugged, published, found, installed, planned and restored', async ({
    newUser,
    place,
  }) => {
    await portAndPublish(await newUser());

    // Somebody else, who knows nothing but the name of the device.
    const user = await newUser();
    const folder = user.path('uses');
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'somebody', private: true }));
    await user.run(folder, ['npm', 'install', 'criujs']);
    const bin = join(folder, 'node_modules/criujs/bin/criujs.js');
    const target = await place.start(cProgram('external', { DEVICE: device }));
    const refused = await criujsFails(['dump', '-t', `${target.pid}`, '-D', target.images()], { bin, cwd: folder });
    expect(refused).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(device) });

    expect(await jsonOf(user, folder, ['npx', 'criujs', 'plugin', 'search', 'radio'])).toMatchObject({
      packages: [expect.objectContaining({ package: name, packageVersion: '1.0.0' })],
    });
    expect(await jsonOf(user, folder, ['npx', 'criujs', 'plugin', 'add', name])).toMatchObject({
      exitCode: 0,
      added: { package: name, packageVersion: '1.0.0', notes: [] },
    });
    expect(await jsonOf(user, folder, ['npx', 'criujs', 'plugin', 'list'])).toMatchObject({
      plugins: [{ package: name, place: 'project' }],
    });

    // Installed and not loaded: the plan says what to type.
    const plan = (...more: string[]): Promise<Ended> =>
      run([process.execPath, bin, 'plan', '-t', `${target.pid}`, ...more], { cwd: folder });
    expect(await plan()).toMatchObject({ code: 3, stdout: expect.stringContaining(`--plugin ${name}`) });
    const ready = await plan('--plugin', name);
    expect(ready, ready.stdout + ready.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('of-tests-radio'),
    });
    await target.finish();
    await keepRadio(place, bin, folder);

    // The same for all folders of a user.
    const other = await newUser();
    await other.run(other.home, ['npm', 'install', '--global', 'criujs']);
    const elsewhere = other.path('elsewhere');
    mkdirSync(elsewhere);
    expect(await jsonOf(other, elsewhere, ['criujs', 'plugin', 'add', name, '--global'])).toMatchObject({
      exitCode: 0,
      added: { package: name, place: 'criujs' },
    });
    await keepRadio(place, other.path('prefix/lib/node_modules/criujs/bin/criujs.js'), elsewhere);
  });
});
