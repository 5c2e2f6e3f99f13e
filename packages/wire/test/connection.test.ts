import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, fstatSync, mkdirSync, openSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { closeFd } from '@criujs/linux';
import { type Connection, listen, type Message, startChild } from '@criujs/wire';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildPeer, compilerMissing, scratch } from './peer.ts';

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe.skipIf(compilerMissing !== null)(`with a C compiler (${compilerMissing ?? 'there is one'})`, () => {
  test('a child answers, and descriptors come and go', async () => {
    const file = await buildPeer();
    const before = descriptors();
    const answers: { readonly message: Message; readonly descriptor: number | null }[] = [];
    const child = startChild({
      file,
      args: ['answer'],
      onMessage: (_, received) => void answers.push(received),
      onEnd: () => {},
    });
    const device = openSync('/dev/null', 'r');
    child.connection.send({ type: 'HELLO', sequence: 1, token: new Uint8Array(32) });
    child.connection.send({ type: 'HOOK', sequence: 2, path: '/dev/null' }, device);
    child.connection.send({ type: 'LOG', sequence: 3, text: 'words' });
    closeSync(device);
    await expect.poll(() => answers.length, { timeout: 30_000 }).toBe(3);
    expect(answers.map(({ message }) => message)).toMatchObject([
      { type: 'REPLY', sequence: 1, result: 1, error: 'answered' },
      { type: 'REPLY', sequence: 2, result: 3 },
      { type: 'REPLY', sequence: 3, result: 6 },
    ]);
    const [none, given, no] = answers.map((it) => it.descriptor);
    expect([none, no]).toEqual([null, null]);
    expect(fstatSync(given!).isCharacterDevice()).toBe(true);
    closeFd(given!);
    const exit = once(child.process, 'exit');
    child.close();
    expect(await exit).toEqual([0, null]);
    await expect.poll(descriptors, { timeout: 30_000 }).toBe(before);
  });

  test('a child that dies ends its connection', async () => {
    const faults: unknown[] = [];
    const child = startChild({
      file: await buildPeer(),
      args: ['nothing'],
      onMessage: () => {},
      onEnd: (_, fault) => void faults.push(fault),
    });
    onTestFinished(() => child.close());
    await expect.poll(() => faults, { timeout: 30_000 }).toEqual([null]);
    expect(() => child.connection.send({ type: 'EXIT' })).toThrow(expect.objectContaining({ code: 'WIRE_CLOSED' }));
  });

  test('many connect through a directory with a path that no address could hold', async () => {
    const file = await buildPeer();
    const directory = join(scratch(), 'a'.repeat(200), 'b'.repeat(200));
    mkdirSync(directory, { recursive: true });
    const before = descriptors();
    let asked = 0;
    let ended = 0;
    const listener = listen({
      directory,
      onMessage(connection: Connection, { message, descriptor }) {
        asked += 1;
        connection.send({ type: 'REPLY', sequence: message.sequence }, descriptor);
        if (descriptor !== null) closeFd(descriptor);
      },
      onEnd() {
        ended += 1;
      },
    });
    expect(statSync(join(directory, `${listener.name}.sock`)).mode & 0o777).toBe(0o666);
    expect(statSync(join(directory, `${listener.name}.bell`)).isFIFO()).toBe(true);
    const callers = Array.from({ length: 20 }, async () => {
      const child = spawn(file, ['connect', directory, listener.name, '20'], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      return (await once(child, 'exit'))[0];
    });
    expect(new Set(await Promise.all(callers))).toEqual(new Set([0]));
    expect(asked).toBe(400);
    listener.close();
    expect(ended).toBeGreaterThan(300);
    expect(readdirSync(directory)).toEqual([]);
    await expect.poll(descriptors, { timeout: 30_000 }).toBe(before);
  });
});

test('what a host that was killed left in the directory goes with the next one; what another uses stays', () => {
  const directory = scratch();
  const nothing = { onMessage: () => {}, onEnd: () => {} };
  const stale = `.criujs-${'0'.repeat(12)}`;
  writeFileSync(join(directory, `${stale}.sock`), '');
  execFileSync('mkfifo', [join(directory, `${stale}.bell`)]);
  writeFileSync(join(directory, '.criujs-of-the-user.bell'), '');
  const used = listen({ directory, ...nothing });
  expect(readdirSync(directory).sort()).toEqual(
    ['.criujs-of-the-user.bell', `${used.name}.bell`, `${used.name}.sock`].sort(),
  );
  const another = listen({ directory, ...nothing });
  expect(readdirSync(directory)).toHaveLength(5);
  for (const it of [used, another]) it.close();
  expect(readdirSync(directory)).toEqual(['.criujs-of-the-user.bell']);
});

test('a directory that takes no socket is named', () => {
  const directory = join(scratch(), 'gone');
  const before = descriptors();
  const nothing = { onMessage: () => {}, onEnd: () => {} };
  expect(() => listen({ directory, ...nothing })).toThrow(
    expect.objectContaining({
      code: 'WIRE_SOCKET',
      message: expect.stringContaining(directory),
      remedy: expect.any(String),
    }),
  );
  mkdirSync(directory);
  chmodSync(directory, 0o500);
  if (process.getuid?.() !== 0) expect(() => listen({ directory, ...nothing })).toThrow(/EACCES/);
  expect(descriptors()).toBe(before);
});
