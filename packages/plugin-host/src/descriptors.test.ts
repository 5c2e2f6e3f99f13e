import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { identityOf, noteDescriptors } from './descriptors.ts';

test('a plugin may answer what was opened since, and each once', () => {
  const before = openSync(devNull, 'r');
  const own = noteDescriptors((fd) => fd === 4000);
  const since = openSync('/proc/self/status', 'r');
  expect(own.whyNot(since, 'host')).toBeNull();
  const release = own.hold(since, 'file 3');
  expect(own.whyNot(since, 'plugin')).toBe('which it has answered before, for file 3');
  release();
  expect(own.whyNot(since, 'plugin')).toBeNull();
  for (const fd of [0, 1, 2]) expect(own.whyNot(fd, 'plugin')).toMatch(/^one of 0, 1 and 2/);
  expect(own.whyNot(4000, 'plugin')).toBe("which is the engine's own");
  expect(own.whyNot(before, 'host')).toBe('which was open before any plugin was loaded');
  expect(own.whyNot(before, 'plugin'), 'whoever closes it knows whose it is').toBeNull();
  closeSync(before);
  const again = openSync('/proc/self/stat', 'r');
  expect(again, 'the number is used again').toBe(before);
  expect(own.whyNot(again, 'host')).toBeNull();
  for (const fd of [again, since]) closeSync(fd);
  expect(identityOf(again)).toBeNull();
});

test("what event loops wait with is nobody else's, also that of a thread that started later", async () => {
  const own = noteDescriptors();
  const loops = (): number[] => loopDescriptors();
  const ofThisThread = loops();
  expect(ofThisThread.length).toBeGreaterThan(0);
  for (const fd of ofThisThread) expect(own.whyNot(fd, 'plugin')).toMatch(/event loop/);
  const worker = new Worker("require('node:worker_threads').parentPort.once('message', () => {})", { eval: true });
  await new Promise((resolve) => worker.once('online', resolve));
  const added = loops().filter((fd) => !ofThisThread.includes(fd));
  expect(added.length).toBeGreaterThan(0);
  own.noteLoops();
  for (const fd of added) expect(own.whyNot(fd, 'plugin')).toMatch(/event loop/);
  await worker.terminate();
});

function loopDescriptors(): number[] {
  return Array.from({ length: 200 }, (_, fd) => fd).filter((fd) => identityOf(fd)?.includes('[eventpoll]') === true);
}
