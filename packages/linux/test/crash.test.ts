import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installCrashHandler } from '@criujs/linux';
import { describe, expect, test } from 'vitest';
import { until } from './processes.ts';

// Each crash needs a process of its own.

const cwd = fileURLToPath(new URL('..', import.meta.url));

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a module with `handler` installed and last words prepared. */
async function run(body: string, how: { exitCode?: number | null; flags?: readonly string[] } = {}): Promise<End> {
  const { exitCode = 4, flags = [] } = how;
  const words = {
    errors: { before: 'ended by ', after: ', näher: nothing\n' },
    output: { before: '{"signal":"', after: '"}\n' },
    exitCode,
  };
  const code = `
    import { installCrashHandler, readLink, readFds, closeFd } from '@criujs/linux';
    import koffi from 'koffi';
    const handler = installCrashHandler();
    handler.say(${JSON.stringify(words)});
    ${body}`;
  const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', code], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  const [ended, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code: ended, signal, ...said };
}

function expectLastWords(end: End, signal: string): void {
  expect(end, end.stderr).toMatchObject({ stdout: `{"signal":"${signal}"}\n` });
  expect(end.stderr.endsWith(`ended by ${signal}, näher: nothing\n`), end.stderr).toBe(true);
}

/** Closes the epoll descriptor of the event loop: libuv aborts when it waits next. */
const closesLoop = `
  const nameOf = (fd) => { try { return readLink(process.pid, 'fd/' + fd); } catch { return ''; } };
  for (const fd of readFds(process.pid)) if (nameOf(fd) === 'anon_inode:[eventpoll]') closeFd(fd);
  setTimeout(() => {}, 1000);`;

const kill = (signal: number): string =>
  `koffi.load('libc.so.6').func('int raise(int)')(${signal}); setTimeout(() => {}, 1000);`;

const crashes: Readonly<Record<string, { body: string; signal: NodeJS.Signals; flags?: readonly string[] }>> = {
  'process.abort()': { body: 'process.abort();', signal: 'SIGABRT' },
  'a closed event loop': { body: closesLoop, signal: 'SIGABRT' },
  'a full heap': {
    body: 'const all = []; for (;;) all.push(Array.from({ length: 1e5 }, Math.random));',
    signal: 'SIGABRT',
    flags: ['--max-old-space-size=40'],
  },
  'a read at address 16': {
    body: "koffi.decode(16n, 'int');",
    signal: 'SIGSEGV',
  },
  'a jump into memory that is none': {
    body: `koffi.call(64n, koffi.proto('void none()'));`,
    signal: 'SIGSEGV',
  },
  'an illegal instruction': { body: kill(4), signal: 'SIGILL' },
  'a breakpoint': { body: kill(5), signal: 'SIGTRAP' },
  'a bus error': { body: kill(7), signal: 'SIGBUS' },
  'a division': { body: kill(8), signal: 'SIGFPE' },
};

describe('a process that ends by', () => {
  test.each(Object.entries(crashes))('%s says its last words and exits', async (_, { body, signal, flags = [] }) => {
    const end = await run(body, { flags });
    expectLastWords(end, signal);
    expect(end.code).toBe(4);
  });

  test.each(Object.entries(crashes))('%s dies by the signal if it is to', async (_, { body, signal, flags = [] }) => {
    const end = await run(body, { flags, exitCode: null });
    expectLastWords(end, signal);
    expect(end.signal).toBe(signal);
  });
});

const inThread = (body: string): string => `
  import { Worker } from 'node:worker_threads';
  new Worker(${JSON.stringify(body)}, { eval: true }).on('exit', () => process.exit(0));`;

test('a thread that crashes says them, too', async () => {
  const end = await run(inThread(`import koffi from 'koffi'; koffi.decode(16n, 'int');`));
  expectLastWords(end, 'SIGSEGV');
});

test('the words come through high numbers when a process has lost its descriptors', async () => {
  const lost = `
    await handler.spared;
    for (const fd of readFds(process.pid)) if (fd < 200) try { closeFd(fd); } catch {}
    process.abort();`;
  expectLastWords(await run(lost), 'SIGABRT');
});

/** A module that exports \`read(address)\`, over one page of memory. */
const readModule = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0, 5, 3, 1, 0, 1],
  ...[7, 8, 1, 4, 0x72, 0x65, 0x61, 0x64, 0, 0, 10, 9, 1, 7, 0, 0x20, 0, 0x28, 2, 0, 0x0b],
];

test('WebAssembly that reads outside of its memory throws as ever, and what crashes afterwards is told', async () => {
  const wasm = `
    const { instance } = await WebAssembly.instantiate(Uint8Array.from(${JSON.stringify(readModule)}));
    const trap = () => { try { instance.exports.read(0x7fff0000); } catch (error) { return error.constructor.name; } };
    const seen = [instance.exports.read(0), trap(), trap()].join();
    if (seen !== '0,RuntimeError,RuntimeError') throw new Error(seen);
    koffi.decode(16n, 'int');`;
  const end = await run(wasm);
  expectLastWords(end, 'SIGSEGV');
});

test('the newest words count, and without any the process dies as it would have', async () => {
  const words = { errors: { before: 'first ', after: '\n' }, output: null, exitCode: 9 };
  const newest = await run(
    `for (const before of ['a ', 'b ', 'c ']) handler.say({ ...${JSON.stringify(words)}, errors: { before, after: '\\n' } });
     process.abort();`,
  );
  expect(newest).toMatchObject({ code: 9, stdout: '' });
  expect(newest.stderr).toMatch(/(?<!SIGABRT\n)c SIGABRT\n$/);
  for (const body of ['handler.say(null);', 'handler.uninstall();']) {
    const end = await run(`${body} process.abort();`);
    expect(end).toMatchObject({ signal: 'SIGABRT', stdout: '' });
    expect(end.stderr).not.toContain('SIGABRT');
  }
});

test('what was installed is gone afterwards: actions and descriptors', async () => {
  const open = (): number => readdirSync('/proc/self/fd').length;
  const before = open();
  for (let turn = 0; turn < 3; turn++) {
    const handler = installCrashHandler();
    expect(handler).not.toBeNull();
    expect(installCrashHandler(), 'somebody has the signals').toBeNull();
    handler?.uninstall();
  }
  await until('all descriptors are closed', () => open() === before);
});

test('words that have no room are refused', () => {
  const handler = installCrashHandler();
  const text = { before: 'x'.repeat(1 << 14), after: 'y' };
  expect(() => handler?.say({ errors: text, output: null, exitCode: null })).toThrowError(RangeError);
  handler?.uninstall();
});
