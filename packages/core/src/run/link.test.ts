import { createRequire } from 'node:module';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { type Control, createControl, type ServingEnd, serveLink } from './link.ts';

// The asking end sleeps on shared memory, so it needs a thread of its own: one that loads the sources.

const jiti = createRequire(import.meta.url).resolve('jiti');
const asking = `
  const { workerData, parentPort } = require('node:worker_threads');
  const { createJiti } = require(${JSON.stringify(jiti)});
  createJiti(workerData.module, { fsCache: false }).import(workerData.module).then(({ createControl, openLink }) => {
    const link = openLink(workerData.port, createControl(workerData.memory));
    let notices = 0;
    const late = (why) => Object.assign(new Error(why), { late: why });
    parentPort.on('message', ({ request, limitMs, silenceMs, lifeMs }) => {
      try {
        const value = link.ask(request, { limitMs, silenceMs, notice: () => notices++, late });
        parentPort.postMessage({ value, notices });
      } catch (error) {
        const back = lifeMs === undefined ? undefined : link.awaitLife(lifeMs);
        parentPort.postMessage({ code: error.code, message: error.message, late: error.late, back });
      }
    });
    parentPort.postMessage('ready');
  });`;

interface Said {
  value?: unknown;
  notices?: number;
  code?: string;
  message?: string;
  late?: 'slow' | 'blocked';
  back?: boolean;
}

interface Pair {
  readonly control: Control;
  ask(request: unknown, limits?: { limitMs?: number; silenceMs?: number; lifeMs?: number }): Promise<Said>;
}

const open: { serving: ServingEnd; worker: Worker }[] = [];

afterEach(async () => {
  for (const { serving, worker } of open.splice(0)) {
    serving.close();
    await worker.terminate();
  }
});

async function pair(answer: (request: unknown, control: Control) => Promise<unknown>): Promise<Pair> {
  const control = createControl();
  const { port1, port2 } = new MessageChannel();
  const serving = serveLink(port1, control, (request) => answer(request, control));
  const workerData = { module: new URL('link.ts', import.meta.url).pathname, port: port2, memory: control.memory };
  const worker = new Worker(asking, { eval: true, workerData, transferList: [port2] });
  open.push({ serving, worker });
  const next = (): Promise<Said> =>
    new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await next();
  return {
    control,
    ask(request, { limitMs = 20_000, silenceMs = 20_000, lifeMs } = {}) {
      worker.postMessage({ request, limitMs, silenceMs, lifeMs });
      return next();
    },
  };
}

/** What a plugin does that loops: nothing of this thread runs. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('an answer that takes long is told of, once', async () => {
  const quick = await pair(async () => 'now');
  expect(await quick.ask('x')).toEqual({ value: 'now', notices: 0 });
  const slow = await pair(() => new Promise((resolve) => setTimeout(() => resolve('late'), 3000)));
  expect(await slow.ask('x')).toEqual({ value: 'late', notices: 1 });
});

test('a question gets its answer, bigints and all', async () => {
  const { ask } = await pair(async (request) => ({ got: request }));
  expect(await ask({ inode: 2n ** 63n, holders: [{ pid: 1, fd: 2 }] })).toMatchObject({
    value: { got: { inode: 2n ** 63n, holders: [{ pid: 1, fd: 2 }] } },
  });
});

test('an error of the answering side is thrown at the asking one', async () => {
  const { ask } = await pair(async () => {
    throw Object.assign(new Error('no'), { name: 'HostError', code: 'HOOK_FAILED' });
  });
  expect(await ask(1)).toMatchObject({ code: 'HOOK_FAILED', message: 'no' });
});

test('an answer that cannot be sent is an error, not silence', async () => {
  const { ask } = await pair(async () => () => 'a function');
  expect(await ask(1)).toMatchObject({ code: 'INTERNAL' });
});

test('a question that is not answered ends at its limit, and its late answer is not taken for the next one', async () => {
  let answerFirst: (value: string) => void = () => {};
  const { ask } = await pair((request) =>
    request === 'first' ? new Promise((resolve) => (answerFirst = resolve)) : Promise.resolve('second answer'),
  );
  expect(await ask('first', { limitMs: 200 })).toMatchObject({ late: 'slow' });
  answerFirst('first answer');
  expect(await ask('second')).toMatchObject({ value: 'second answer' });
});

test('a blocked thread is noticed by its silence, long before the limit, and seen to come back', async () => {
  const { ask } = await pair(async () => {
    block(1500);
    return 'too late';
  });
  expect(await ask(1, { silenceMs: 300, lifeMs: 10_000 })).toMatchObject({ late: 'blocked', back: true });
});

test('a thread that stays blocked is given up', async () => {
  const { ask } = await pair(async () => {
    block(2000);
    return 'too late';
  });
  expect(await ask(1, { silenceMs: 200, lifeMs: 200 })).toMatchObject({ late: 'blocked', back: false });
});

test('an abort wakes a question that waits', async () => {
  const { ask } = await pair((_, control) => {
    control.abort();
    return new Promise(() => {});
  });
  expect(await ask(1)).toMatchObject({ code: 'ABORTED' });
});
