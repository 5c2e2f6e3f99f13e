import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { closeFd, sendPacket } from '@criujs/linux';
import { hookTable } from '@criujs/plugin-sdk';
import {
  type Connection,
  encode,
  hookFlags,
  listen,
  type Message,
  type MessageInput,
  replyFlags,
  welcomeFlags,
} from '@criujs/wire';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compilerMissing, runStandIn } from './harness/stand-in.ts';

// The bridge without CRIU; and this test is the plugin host, a good one or a bad one.

const native = new URL('../native/', import.meta.url);
const token = 'ab'.repeat(32);
const allHooks = 0x7fff;

type Say = (message: MessageInput, descriptors?: readonly number[]) => void;

/** What the plugin host does with a message. */
type Script = (message: Message, say: Say, connection: Connection) => void;

interface HostRun {
  readonly hooks?: number | null;
  readonly stage?: number;
  readonly calls: readonly string[];
  readonly script: Script;
  readonly environment?: string;
  /** Looks at nothing after the first message. */
  readonly deaf?: boolean;
}

/** Runs the program, and gives its lines. */
async function run({ hooks = 12, stage = 0, calls, script, environment, deaf = false }: HostRun): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'criujs-native-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const listener = listen({
    directory,
    onMessage(connection, { message, descriptor }) {
      const say: Say = (answer, descriptors) => connection.send({ sequence: message.sequence, ...answer }, descriptors);
      script(message, say, connection);
      if (descriptor !== null) closeFd(descriptor);
      // A handler that never comes to an end.
      return deaf ? new Promise(() => {}) : undefined;
    },
    onEnd: () => {},
  });
  onTestFinished(() => listener.close());
  return runStandIn({ hooks, stage, calls, directory, environment: environment ?? `${listener.name}:${token}` });
}

/** Serves all hooks, and answers each with success and nothing else; `odd` answers some otherwise. */
function good(odd: (message: Message<'HOOK'>, say: Say, connection: Connection) => boolean = () => false): Script {
  return (message, say, connection) => {
    if (message.type === 'HELLO' && (message.flags & 1) === 0) {
      say({ type: 'WELCOME', served: allHooks, deadline: 3000, name: 'one\ntwo' });
    }
    if (message.type === 'EXIT') say({ type: 'REPLY' });
    if (message.type === 'HOOK' && !odd(message, say, connection)) say({ type: 'REPLY', plugin: 'one' });
  };
}

const missing = compilerMissing();

describe.skipIf(missing)(missing ?? 'the bridge under sanitizers', () => {
  test.each([
    [10, 10],
    [12, 12],
    [13, 13],
    [15, 15],
    [20, 15],
  ])('a CRIU with %i hooks is given %i', async (hooks, given) => {
    const lines = await run({ hooks, calls: ['init', 'exit'], script: good() });
    expect(lines[0]).toBe(`criujs 200 ${given}`);
    expect(lines).toContain(`init 0 ${Array.from({ length: given }, (_, n) => n).join(' ')}`);
    expect(lines.at(-1)).toBe('left open 0');
  });

  test('a CRIU that does not show how many it knows is refused, with a word', async () => {
    const lines = await run({ hooks: null, calls: ['init'], script: good() });
    expect(lines).toEqual([
      'criujs 200 0',
      expect.stringContaining('does not show how many hooks it knows'),
      'init -38',
      'left open 0',
    ]);
  });

  test('hooks that no plugin serves are not there', async () => {
    const served = (1 << 2) | (1 << 3) | (1 << 9);
    const script: Script = (message, say) => {
      say(message.type === 'HELLO' ? { type: 'WELCOME', served, deadline: 3000 } : { type: 'REPLY' });
    };
    expect(await run({ calls: ['init', '0:1', 'exit'], script })).toEqual(
      expect.arrayContaining(['init 0 2 3 9', '0:1 is not there', 'left open 0']),
    );
  });

  test('every hook hands over what it is about', async () => {
    const seen: Message<'HOOK'>[] = [];
    const script = good((message, say) => {
      seen.push(message);
      const opens = message.hook === 1 || message.hook === 3;
      const fd = opens ? openSync('/dev/null', 'r') : null;
      say({ type: 'REPLY' }, fd === null ? [] : [fd]);
      if (fd !== null) closeSync(fd);
      return true;
    });
    const calls = ['init', ...Array.from({ length: 15 }, (_, hook) => `${hook}:${hook + 1}`), 'exit'];
    const lines = await run({ hooks: 15, calls, script });
    expect(seen.map(({ hook }) => hook)).toEqual(Object.values(hookTable).map(({ number }) => number));
    expect(seen[2]).toMatchObject({ id: 3, path: '/dev/null', mode: 0o20666, rdev: 0x103n, flags: 0o104002, about: 7 });
    expect(seen[5]).toMatchObject({ id: 6, path: '/usr', root: '/old' });
    expect(seen[6]).toMatchObject({ id: 7, kind: 1, path: 'veth' });
    expect(seen[7]).toMatchObject({ mode: 0o20666, rdev: 0x103n, about: 1 });
    expect(seen[8]).toMatchObject({ path: '/dev/zero', address: 0x7000n, offset: 4096n });
    expect(seen[9]).toMatchObject({ id: 10 });
    expect(lines).toContain('left open 0');
  });

  // What an answer becomes for CRIU: a descriptor is shown as 3.
  test.each<[about: string, call: string, answer: MessageInput<'REPLY'>, descriptor: boolean, expected: RegExp]>([
    ['a claim', '2:1', { type: 'REPLY', plugin: 'one' }, false, /^2:1 0$/],
    ['no claim', '2:1', { type: 'REPLY', result: -95 }, false, /^2:1 -95$/],
    ['an error', '2:1', { type: 'REPLY', result: -19, error: 'plugin one: no' }, false, /^2:1 -19$/],
    ['a positive answer', '2:1', { type: 'REPLY', result: 7 }, false, /^2:1 -5$/],
    ['an error beyond all', '2:1', { type: 'REPLY', result: -5000 }, false, /^2:1 -5$/],
    ['a descriptor that nobody asked for', '2:1', { type: 'REPLY' }, true, /^2:1 -5$/],
    ['a flag that is not for it', '2:1', { type: 'REPLY', flags: replyFlags.CHANGED }, false, /^2:1 -5$/],
    ['a descriptor', '1:1', { type: 'REPLY' }, true, /^1:1 3$/],
    ['none where one is meant', '1:1', { type: 'REPLY' }, false, /^1:1 -5$/],
    ['a descriptor beside an error', '1:1', { type: 'REPLY', result: -2 }, true, /^1:1 -2$/],
    ['a retry for a CRIU that has none', '3:1', { type: 'REPLY', flags: replyFlags.RETRY }, false, /^3:1 -5$/],
    ['a mount that is one', '5:1', { type: 'REPLY' }, false, /^5:1 0$/],
    ['a mount that is none', '5:2', { type: 'REPLY', plugin: 'one' }, false, /^5:2 -22$/],
    ['a mount without its descriptor', '5:1', { type: 'REPLY', flags: replyFlags.MOUNT }, false, /^5:1 -5$/],
    ['a mount that is a file', '5:1', { type: 'REPLY', flags: replyFlags.MOUNT }, true, /^5:1 -\d+$/],
    ['an unchanged map', '8:1', { type: 'REPLY' }, false, /^8:1 0$/],
    ['a changed one', '8:1', { type: 'REPLY', flags: replyFlags.CHANGED, offset: 8192n }, false, /^8:1 1$/],
    ['one with a descriptor', '8:1', { type: 'REPLY', flags: replyFlags.CHANGED, offset: 1n }, true, /^8:1 1$/],
    ['a descriptor without an offset', '8:1', { type: 'REPLY' }, true, /^8:1 -5$/],
    ['an observer that was told', '9:1', { type: 'REPLY' }, false, /^9:1 -95$/],
    ['an observer that failed', '9:1', { type: 'REPLY', result: -5, error: 'x' }, false, /^9:1 -5$/],
  ])('%s', async (_about, call, answer, descriptor, expected) => {
    const script = good((_message, say) => {
      const fd = descriptor ? openSync('/dev/null', 'r') : null;
      say(answer, fd === null ? [] : [fd]);
      if (fd !== null) closeSync(fd);
      return true;
    });
    for (const how of ['', 'f']) {
      const lines = await run({ calls: ['init', `${how}${call}`, 'exit'], script });
      expect(lines).toContainEqual(expect.stringMatching(expected));
      expect(lines.filter((line) => line.startsWith('left open'))).toEqual(
        how === 'f' ? ['left open 0', 'left open 0'] : ['left open 0'],
      );
      if ('error' in answer) expect(lines).toContainEqual(expect.stringContaining('log 1 Error (criujs): '));
    }
  });

  test('a CRIU after 4.2 may be asked to come again; its flag is always set', async () => {
    const script = good((_message, say) => {
      say({ type: 'REPLY', flags: replyFlags.RETRY });
      return true;
    });
    const lines = await run({ hooks: 15, stage: 2, calls: ['init', '3:1', 'exit'], script });
    expect(lines).toContain('3:1 0');
    const opened = good((_message, say) => {
      const fd = openSync('/dev/null', 'r');
      say({ type: 'REPLY' }, [fd]);
      closeSync(fd);
      return true;
    });
    expect(await run({ hooks: 15, stage: 2, calls: ['init', '3:1'], script: opened })).toEqual(
      expect.arrayContaining(['retry 0', '3:1 3', 'ticked one', 'ticked two']),
    );
  });

  test('files that come ahead are not asked for', async () => {
    const asked: number[] = [];
    const script = good(({ id }, say) => {
      asked.push(id);
      const fds = [0, 1, 2].map(() => openSync('/dev/null', 'r'));
      say({ type: 'FILES', count: 3, ids: '7 8 9 ' }, fds);
      say({ type: 'REPLY' }, fds.slice(0, 1));
      fds.forEach(closeSync);
      return true;
    });
    const lines = await run({ stage: 2, calls: ['init', '3:6', '3:7', '3:9', 'f3:8', '3:10', 'exit'], script });
    expect(asked).toEqual([6, 10]);
    expect(lines).toEqual(
      expect.arrayContaining(['3:6 3', 'stored 0', '3:7 3', 'stored 2', '3:9 3', 'stored 1', '3:8 3', '3:10 3']),
    );
    expect(lines.at(-1)).toBe('left open 0');
  });

  /** Lets questions be posted, and answers only what somebody waits for; `heard` gets each posted one. */
  function posting(heard: (message: Message<'HOOK'>, say: Say) => void): Script {
    return (message, say) => {
      if (message.type === 'HELLO')
        say({ type: 'WELCOME', served: allHooks, deadline: 3000, flags: welcomeFlags.MAY_POST });
      if (message.type === 'EXIT') say({ type: 'REPLY' });
      if (message.type !== 'HOOK') return;
      if (message.about & hookFlags.POSTED) heard(message, say);
      else say({ type: 'REPLY' });
    };
  }

  const posts = (count: number): string[] => Array.from({ length: count }, (_, at) => `2:${at + 1}`);

  test('posted questions come in order, and nobody waits for them', async () => {
    const asked: number[] = [];
    const script = posting(({ id }) => asked.push(id));
    const lines = await run({ calls: ['init', ...posts(40), '11:5', 'exit'], script });
    expect(asked).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    expect(lines).toEqual(expect.arrayContaining(['2:1 0', '2:40 0', '11:5 -95', 'exit']));
    expect(lines.filter((line) => line.startsWith('log 1'))).toEqual([]);
    expect(lines.at(-1)).toBe('left open 0');
  });

  test('more than a socket holds waits until somebody has read', async () => {
    const asked: number[] = [];
    const script = posting(({ id }) => asked.push(id));
    const lines = await run({ calls: ['init', ...posts(1000), 'exit'], script });
    expect(asked).toHaveLength(1000);
    expect(lines).toContain('2:1000 0');
    expect(lines.at(-1)).toBe('left open 0');
  });

  test('a posted question that failed ends the dump at the next that waits; a sign of life does not', async () => {
    const script = posting(({ id }, say) => {
      if (id === 1) say({ type: 'REPLY' });
      if (id === 3) say({ type: 'REPLY', result: -19, error: 'plugin one: no power' });
      if (id === 4) say({ type: 'REPLY', result: -19, error: 'plugin one: no power for that, too' });
    });
    const lines = await run({ calls: ['init', ...posts(4), '11:5', '2:5', 'exit'], script });
    expect(lines).toEqual(
      expect.arrayContaining([
        '2:1 0',
        '2:4 0',
        '11:5 -5',
        '2:5 -5',
        'log 1 Error (criujs): DUMP_EXT_FILE: plugin one: no power',
      ]),
    );
    expect(
      lines.filter((line) => line.startsWith('log 1')),
      'it is said once',
    ).toHaveLength(1);
    expect(lines.at(-1)).toBe('left open 0');
  });

  test('whoever waits behind posted questions waits as long as there are signs of life', async () => {
    const posted: Say[] = [];
    const script: Script = (message, say, connection) => {
      if (message.type === 'HOOK' && message.about & hookFlags.POSTED) posted.push(say);
      else if (message.type === 'HOOK') void answerLate(posted, say);
      else posting(() => {})(message, say, connection);
    };
    const lines = await run({ calls: ['init', ...posts(3), '11:5', 'exit'], script });
    expect(lines).toContain('11:5 -95');
    expect(lines.at(-1)).toBe('left open 0');
  });

  /** Three signs of life and an answer, 1 s apart, where 3 s may pass without any. */
  async function answerLate(posted: readonly Say[], say: Say): Promise<void> {
    for (const sayThat of [...posted, say]) {
      await sleep(1000);
      sayThat({ type: 'REPLY' });
    }
  }

  test('posted questions that nobody reads end the dump after the deadline', async () => {
    const listening: Connection[] = [];
    const script: Script = (message, say, connection) => {
      if (message.type !== 'HELLO') return;
      say({ type: 'WELCOME', served: allHooks, deadline: 300, flags: welcomeFlags.MAY_POST });
      listening.push(connection);
    };
    const lines = await run({ calls: ['init', ...posts(600), 'exit'], script, deaf: true });
    expect(listening).toHaveLength(1);
    expect(lines).toContain('log 1 Error (criujs): DUMP_EXT_FILE: no answer from the plugin host in 300 ms');
    expect(lines).toContain('2:600 -5');
    expect(lines.at(-1)).toBe('left open 0');
  });

  const afterwards = ['init', '2:1', '2:2', 'exit'];
  test.each<[about: string, odd: (say: Say, connection: Connection) => void, said: RegExp]>([
    ['hangs', () => {}, /no answer from the plugin host in 3000 ms/],
    ['ends', (_say, connection) => connection.close(), /closed the connection; it has ended/],
    ['answers another question', (say) => say({ type: 'REPLY', sequence: 99 }), /failed: Bad message/],
    ['answers with another message', (say) => say({ type: 'LOG', text: 'hello' }), /failed: Bad message/],
    ['sends two descriptors', (say) => say({ type: 'REPLY' }, [0, 0]), /failed: Bad message/],
    [
      'sends more files than may be',
      (say) => say({ type: 'FILES', count: 129 }, new Array(129).fill(0)),
      /failed: Bad message/,
    ],
  ])('a host that %s: this call and all later ones fail', async (_about, odd, said) => {
    const script = good((_message, say, connection) => {
      odd(say, connection);
      return true;
    });
    const lines = await run({ calls: afterwards, script });
    expect(lines).toEqual(
      expect.arrayContaining([expect.stringMatching(said), '2:1 -5', '2:2 -5', 'exit', 'left open 0']),
    );
  });

  test('a host of another version, and one that refuses', async () => {
    const refused = await run({
      calls: ['init'],
      script: (_message, say) => say({ type: 'WELCOME', result: -13, error: 'not today' }),
    });
    expect(refused).toEqual(
      expect.arrayContaining([
        'log 1 Error (criujs): init: not today',
        expect.stringMatching(/^init -13 /),
        'left open 0',
      ]),
    );
    const other = await run({ calls: ['init'], script: (_message, _say, { fd }) => void sendOtherVersion(fd) });
    expect(other).toEqual(
      expect.arrayContaining([
        expect.stringContaining('speaks version 7 of the protocol, this bridge 1'),
        expect.stringMatching(/^init -5 /),
        'left open 0',
      ]),
    );
  });

  test.each(['', 'x', `name:${token}0`, `a/b:${token}`, `name:${'zz'.repeat(32)}`])(
    'an environment that says %j',
    async (environment) => {
      const lines = await run({ calls: ['init'], script: good(), environment });
      expect(lines).toEqual(
        expect.arrayContaining([expect.stringContaining('CRIUJS_BRIDGE'), expect.stringMatching(/^init -22 /)]),
      );
    },
  );
});

const noAnalyzer =
  spawnSync('clang', ['--version']).status === 0
    ? null
    : 'clang is not installed: its analyzer sees more than a compiler';
test.skipIf(noAnalyzer)(noAnalyzer ?? "clang's analyzer has nothing to say of the bridge", () => {
  const wire = fileURLToPath(new URL('../../wire/native/', import.meta.url));
  const args = [
    '--analyze',
    '--analyzer-output',
    'text',
    '-std=gnu11',
    '-Wall',
    '-Wextra',
    '-I',
    wire,
    fileURLToPath(new URL('bridge.c', native)),
  ];
  const { status, stderr } = spawnSync('clang', args, { encoding: 'utf8', cwd: tmpdir() });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

/** A WELCOME whose version is 7. */
function sendOtherVersion(fd: number): void {
  const bytes = encode({ type: 'WELCOME' });
  bytes.writeUInt16LE(7, 4);
  sendPacket(fd, bytes);
}
