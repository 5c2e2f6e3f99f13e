// The main job of criujs, on a real process, told step by step. It uses nothing of ours but the command `criujs`.
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  closeLeakedDescriptors,
  endProcess,
  findDevice,
  isAlive,
  startProgram,
  startService,
  until,
} from './machine.js';
import { environment, expect, failed, note, passed, run, show, title } from './story.js';

const script = fileURLToPath(new URL('counter.sh', import.meta.url));
const plugin = fileURLToPath(new URL('plugin.ts', import.meta.url));

/** @type {(() => Promise<void> | void)[]} what is to be undone, the last first */
const cleanups = [];

async function demo() {
  closeLeakedDescriptors();
  const device = findDevice();
  const folder = mkdtempSync(join(tmpdir(), 'criujs-demo-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const log = join(folder, 'count.log');
  const images = join(folder, 'images');
  const address = join(folder, 'service.sock');

  title('What this machine allows');
  const checked = JSON.parse((await run(['criujs', 'check', '--json'], folder)).stdout);
  const { samePids, rows } = checked;
  note(
    `as user ${process.getuid?.()} on Linux ${checked.kernel}: restored with ${samePids ? 'the same pid' : 'a new pid'}`,
  );

  title('A program that counts');
  const service = await startService(address);
  cleanups.push(() => service.end());
  // Where Yama forbids tracing a program that is not our child, it has to be started with `criujs run`.
  const yama = rows.find((row) => row.id === 'yama').state === 'limited';
  const command = [...(yama ? ['criujs', 'run', '--'] : []), '/bin/sh', script, device, log];
  note(`$ ${command.join(' ')}`);
  const program = await startProgram(command, address, folder, environment);
  cleanups.push(() => endProcess(program.pid));
  const { pid } = program;
  const status = () => service.ask('status');
  await until('the program counts', async () => (await status()).count >= 5);
  note(
    `process ${pid} holds ${device} at descriptor 7 and a connection to the service (process ${service.pid}), which is outside of its tree`,
  );
  expect('the program says that descriptor 7 is the device', (await service.ask('device')) === 'yes');

  title('1. A dump without a plugin is refused');
  const before = (await status()).count;
  const refused = await show(['criujs', 'dump', '-t', `${pid}`, '-D', images], folder);
  const said = refused.stderr;
  expect(`it fails, with exit code ${refused.code}`, refused.code !== 0);
  expect(`the error names the process: ${pid}`, said.includes(`${pid} (sh)`));
  expect('the error names the descriptor: 7', /descriptor 7\b/.test(said));
  expect(`the error names the device: ${device}`, said.includes(device));
  expect('the error names a remedy', said.includes('→') && said.includes('--plugin'));
  expect('the program lives', isAlive(pid));
  await until('the program counts on', async () => (await status()).count > before);
  expect(`the program counts on: it had ${before}, now it has ${(await status()).count}`, (await status()).inOrder);

  title('2. With a plugin, in TypeScript, it is dumped');
  const dumped = await show(['criujs', 'dump', '-t', `${pid}`, '-D', images, '--plugin', plugin], folder);
  expect('it succeeds', dumped.code === 0);
  const { signal } = await program.ended;
  expect(`the program is gone: ended by ${signal}`, signal === 'SIGKILL' && !isAlive(pid));
  await until('the service notices that the connection is gone', async () => !(await status()).connected);
  const atDump = await status();
  note(`it had counted to ${atDump.count}`);

  title('3. It is restored');
  const restore = [
    'criujs',
    'restore',
    '-D',
    images,
    '--detach',
    ...(samePids ? [] : ['--new-pids']),
    '--plugin',
    plugin,
  ];
  const pidfile = join(folder, 'program.pid');
  const restored = await show([...restore, '--pidfile', pidfile], folder);
  expect('it succeeds', restored.code === 0);
  const now = Number(readFileSync(pidfile, 'utf8'));
  cleanups.push(() => endProcess(now));
  expect(
    samePids ? `it has the pid that it had: ${now}` : `it has a new pid: ${now}`,
    isAlive(now) && (now === pid) === samePids,
  );
  await until('the program counts on', async () => (await status()).count > atDump.count + 5);
  const after = await status();
  expect(
    `the service hears it again, on a new connection (number ${after.connections})`,
    after.connections === 2 && after.connected,
  );
  expect(
    `the count goes on where it stopped: from ${atDump.count} to ${after.count}, none skipped, none twice`,
    after.inOrder,
  );
  expect('the program says that descriptor 7 is the device', (await service.ask('device')) === 'yes');
  expect(`the kernel says so too: /proc/${now}/fd/7 is ${device}`, readlinkSync(`/proc/${now}/fd/7`) === device);
  const logged = readFileSync(log, 'utf8').trimEnd().split('\n');
  expect(
    `its log goes on where it stopped: ${logged.length} lines, in order`,
    logged.every((line, at) => Number(line) === at + 1),
  );
}

let exitCode = 0;
try {
  await demo();
  passed('A TypeScript plugin saved and brought back what the engine cannot.');
} catch (error) {
  failed(error);
  exitCode = 1;
} finally {
  for (const undo of cleanups.reverse()) await undo();
}
process.exit(exitCode);
