import { readFile } from 'node:fs';
import { readFile as readWhole, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  definePlugin,
  type HookArgs,
  type HookName,
  hook,
  type ImageSection,
  notSupported,
  type Plugin,
} from '@criujs/plugin-sdk';
import { afterEach, expect, test, vi } from 'vitest';
import { createPluginHost, type HostError, type LogEntry, type PluginHost, type SectionStore } from './index.ts';

type Gate = { readonly opened: Promise<void>; open(): void };

function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

interface Shelf extends SectionStore {
  readonly parts: Map<string, string>;
  /** Each write waits for it. */
  readonly gate: Gate;
  /** Settles when the first write has begun. */
  readonly begun: Promise<void>;
}

/** A store whose writes end when a test lets them. */
function shelf(failure?: Error): Shelf {
  const parts = new Map<string, string>();
  const held = gate();
  const first = gate();
  return {
    parts,
    gate: held,
    begun: first.opened,
    async write(_, name, data) {
      first.open();
      let text = '';
      for await (const it of ArrayBuffer.isView(data) ? [data] : data) text += new TextDecoder().decode(it);
      await held.opened;
      if (failure !== undefined) throw failure;
      parts.set(name, text);
    },
    read: async (_, name) => new TextEncoder().encode(parts.get(name)),
    async *stream(_, name) {
      yield new TextEncoder().encode(parts.get(name));
    },
    names: async () => [...parts.keys()],
    async directories() {
      await held.opened;
      return { own: '/images/criujs/p', images: '/images' };
    },
  };
}

const hosts: PluginHost[] = [];
const logs: LogEntry[] = [];
afterEach(async () => {
  for (const it of hosts.splice(0)) await it.finish({ ok: true });
  logs.length = 0;
});

async function hostOf(plugin: Plugin, images: SectionStore, options: object = {}): Promise<PluginHost> {
  const host = await createPluginHost({ plugins: [plugin], images, onLog: (it) => logs.push(it), ...options });
  hosts.push(host);
  return host;
}

type Deed = (image: ImageSection) => unknown;

/** A run of a plugin with one hook. */
async function started(deed: Deed, images: SectionStore, options?: object): Promise<PluginHost> {
  const plugin = definePlugin({ name: 'p', hooks: [hook('DUMP_EXT_FILE', (_, { image }) => deed(image) as never)] });
  const host = await hostOf(plugin, images, options);
  await host.start('dump');
  return host;
}

const ask = (host: PluginHost, name: HookName = 'DUMP_EXT_FILE'): Promise<unknown> =>
  host.call(name, { fd: 1, id: 3, file: { path: '/dev/kvm' }, pid: 4 } as unknown as HookArgs<typeof name>);

async function errorOf(work: Promise<unknown>): Promise<HostError> {
  return work.then(
    () => expect.unreachable('it should have failed'),
    (error: HostError) => error,
  );
}

const here = new URL(import.meta.url);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* endless(): AsyncGenerator<Uint8Array> {
  yield bytes('one');
  await new Promise(() => undefined);
}

test.each<[string, Deed]>([
  ["image.writeJson('file-3', …)", (image) => void image.writeJson('file-3', {})],
  ["image.write('file-3', …)", (image) => void image.write('file-3', bytes('x'))],
  [
    "image.write('file-3', …)",
    async (image) => {
      await Promise.resolve();
      image.write('file-3', bytes('x'));
    },
  ],
  ['image.directories({ make: true })', (image) => void image.directories({ make: true })],
  [
    "image.write('a', …) and 1 more",
    (image) => {
      image.write('a', bytes('x'));
      image.write('b', bytes('x'));
    },
  ],
])('a hook that answers before %s has ended fails once it has', async (what, deed) => {
  const images = shelf();
  const host = await started(deed, images);
  let settled = false;
  const failing = errorOf(ask(host)).finally(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled, 'nobody clears the images away while something is written').toBe(false);
  images.gate.open();
  const first = what.replace(' and 1 more', '');
  expect(await failing).toMatchObject({
    code: 'HOOK_FAILED',
    plugin: 'p',
    hook: 'DUMP_EXT_FILE',
    resource: 'file 3 (/dev/kvm)',
    message: `plugin p: DUMP_EXT_FILE of file 3 (/dev/kvm) answered before ${what} had ended`,
    remedy: `Await it: await ${first}`,
  });
});

test('writes that are awaited, one after the other or at once, fail nothing', async () => {
  const images = shelf();
  images.gate.open();
  const host = await started(async (image) => {
    await image.writeJson('a', 1);
    await Promise.all([image.write('b', bytes('b')), image.write('c', bytes('c')), image.directories({ make: true })]);
  }, images);
  await ask(host);
  await host.seal();
  expect(await host.finish({ ok: true })).toEqual([]);
  expect([...images.parts.keys()]).toEqual(['a', 'b', 'c']);
});

test('reads that are open at the answer fail nothing', async () => {
  const images = shelf();
  images.gate.open();
  const host = await started((image) => {
    image.names();
    image.readJson('nothing').catch(() => undefined);
    void image.stream('nothing')[Symbol.asyncIterator]().next();
    image.directories();
  }, images);
  await ask(host);
  await host.seal();
});

test('a stream that a plugin drops half way is closed', async () => {
  let closed = false;
  const images: SectionStore = {
    ...shelf(),
    async *stream() {
      try {
        for (;;) yield bytes('x');
      } finally {
        closed = true;
      }
    },
  };
  const host = await started((image) => void image.stream('a')[Symbol.asyncIterator]().next(), images);
  await ask(host);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await vi.waitUntil(() => {
    collect();
    return closed;
  }, 60_000);
});

test('a write that is forgotten and fails is told once, and ends nothing', async () => {
  const images = shelf(new Error('no room'));
  const host = await started((image) => void (async () => image.writeJson('state', 1))(), images);
  const failing = errorOf(ask(host));
  images.gate.open();
  expect((await failing).message).toContain("answered before image.writeJson('state', …) had ended");
  expect(await host.finish({ ok: false, error: await failing })).toEqual([]);
});

test('a hook that throws while it writes fails with what it threw, once nothing is written any more', async () => {
  const images = shelf();
  let ended = false;
  const host = await started((image) => {
    image.write('a', bytes('x')).then(() => {
      ended = true;
    });
    throw new Error('no luck');
  }, images);
  const failing = errorOf(ask(host));
  images.gate.open();
  expect((await failing).message).toContain('failed: no luck');
  expect(ended).toBe(true);
});

test('a stream that never ends is cut at the deadline', async () => {
  const images = shelf();
  images.gate.open();
  let outcome: unknown;
  const host = await started((image) => void image.write('a', endless()).catch((it) => (outcome = it)), images, {
    deadline: 50,
  });
  const error = await errorOf(ask(host));
  expect(error).toMatchObject({ code: 'HOOK_FAILED', message: expect.stringContaining("image.write('a', …)") });
  await host.finish({ ok: false, error });
  expect(outcome).toBe(error);
  expect(images.parts.size).toBe(0);
});

test('what a hook still writes when it has timed out is refused with that error', async () => {
  const images = shelf();
  images.gate.open();
  const later = gate();
  let outcome: unknown;
  const host = await started(
    async (image) => {
      await later.opened;
      outcome = await image.write('a', bytes('x')).catch((it) => it);
    },
    images,
    { deadline: 30 },
  );
  const error = await errorOf(ask(host));
  expect(error.code).toBe('HOOK_TIMEOUT');
  later.open();
  await new Promise((resolve) => setImmediate(resolve));
  expect(outcome).toBe(error);
  expect(await host.finish({ ok: false, error })).toEqual([]);
});

test('the end of a run waits for a write that an abort left open', async () => {
  const images = shelf();
  const abort = new AbortController();
  const host = await started((image) => image.write('a', bytes('x')), images, { signal: abort.signal });
  const failing = errorOf(ask(host));
  await images.begun;
  abort.abort();
  const error = await failing;
  expect(error.code).toBe('ABORTED');
  let finished = false;
  const finishing = host.finish({ ok: false, error }).then(() => {
    finished = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(finished).toBe(false);
  images.gate.open();
  await finishing;
});

/** Answers, and writes when the test says so. */
function lateWriter(): { readonly deed: Deed; readonly later: Gate; readonly outcome: Promise<unknown> } {
  const later = gate();
  let tell = (_: unknown): void => undefined;
  const outcome = new Promise<unknown>((resolve) => {
    tell = resolve;
  });
  const deed: Deed = (image) => {
    void (async () => {
      await later.opened;
      const write = image.writeJson('file-3', {});
      write.then(
        () => tell('written'),
        (error) => tell(error),
      );
      // The chain that nobody waits for.
      await write;
    })();
  };
  return { deed, later, outcome };
}

const called = "called image.writeJson('file-3', …) after it had answered: nothing was written";

test.each([
  ['the next call', (host: PluginHost) => ask(host)],
  ['the seal', (host: PluginHost) => host.seal()],
])('a write after the answer is refused, and %s fails', async (_, next) => {
  const images = shelf();
  images.gate.open();
  const { deed, later, outcome } = lateWriter();
  const host = await started(deed, images);
  await ask(host);
  later.open();
  const refused = await outcome;
  const error = await errorOf(next(host));
  expect(error).toMatchObject({
    code: 'HOOK_FAILED',
    plugin: 'p',
    hook: 'DUMP_EXT_FILE',
    message: `plugin p: DUMP_EXT_FILE of file 3 (/dev/kvm) ${called}`,
    remedy: "Await it, and everything that leads to it, before the hook answers: await image.writeJson('file-3', …)",
  });
  expect(refused).toBe(error);
  expect(images.parts.size).toBe(0);
  expect(await host.finish({ ok: false, error }), 'it is told once').toEqual([]);
});

async function sleepAndThen(write: () => unknown): Promise<void> {
  await sleep(20);
  await sleep(5);
  await write();
}

test.each<[string, (write: () => unknown) => unknown]>([
  ['a timer', (write) => void setTimeout(write, 20)],
  ['a chain of timers', (write) => void setTimeout(() => setTimeout(write, 20), 5)],
  ['a promise', (write) => void sleep(20).then(write)],
  ['an async function', (write) => void sleepAndThen(write)],
  ['a file that is read', (write) => void readFile(here, write)],
  [
    'a file that is awaited',
    (write) =>
      void stat(here)
        .then(() => readWhole(here))
        .then(write),
  ],
])('the seal waits for %s that a hook which took the image left going on', async (_, how) => {
  const images = shelf();
  images.gate.open();
  const host = await started((image) => how(() => image.write('late', bytes('x'))), images);
  await ask(host);
  expect((await errorOf(host.seal())).message).toContain("called image.write('late', …) after it had answered");
  expect(images.parts.size).toBe(0);
});

test.each<[string, Deed]>([
  ['wrote', (image) => image.write('a', bytes('x')).then(() => void setInterval(() => undefined, 10_000).unref())],
  [
    'asked for its directories',
    (image) => image.directories().then(() => void setInterval(() => undefined, 10_000).unref()),
  ],
  [
    'declined',
    (image) => {
      void sleepAndThen(() => image.version);
      return notSupported;
    },
  ],
  ['has ended all it began', async (image) => void (image.version > 0 && (await sleep(5)))],
  ['cleared its timer', (image) => void (image.version > 0 && clearTimeout(setTimeout(() => undefined, 10_000)))],
])('the seal does not wait for a hook that took the image and %s', async (_, deed) => {
  const images = shelf();
  images.gate.open();
  const host = await started(deed, images);
  await ask(host);
  await host.seal();
  expect(logs).toEqual([]);
});

test('the seal waits no longer than the call might have taken, and says so', async () => {
  const host = await started((image) => void (image.version > 0 && new Promise(() => undefined)), shelf(), {
    deadline: 30,
  });
  await ask(host);
  await host.seal();
  expect(logs).toMatchObject([
    { plugin: 'p', level: 'warn', message: expect.stringContaining('is still busy after 30') },
  ]);
});

test('an abort ends the wait', async () => {
  const abort = new AbortController();
  const host = await started((image) => void (image.version > 0 && new Promise(() => undefined)), shelf(), {
    signal: abort.signal,
  });
  await ask(host);
  const sealing = errorOf(host.seal());
  setImmediate(() => abort.abort());
  expect((await sealing).code).toBe('ABORTED');
});

test('a write after the answer fails a call that waits', async () => {
  const images = shelf();
  const { deed, later } = lateWriter();
  const plugin = definePlugin({
    name: 'p',
    hooks: [
      hook('DUMP_EXT_FILE', (_, { image }) => deed(image) as never),
      hook('PAUSE_DEVICES', () => {
        later.open();
        return new Promise(() => undefined);
      }),
    ],
  });
  const host = await hostOf(plugin, images);
  await host.start('dump');
  await ask(host);
  expect((await errorOf(ask(host, 'PAUSE_DEVICES'))).message).toContain(called);
});

test('once the dump is sealed a write is refused, and is among what finish tells', async () => {
  const images = shelf();
  const { deed, later, outcome } = lateWriter();
  // The seal waits for it that long.
  const host = await started(deed, images, { deadline: 30 });
  await ask(host);
  await host.seal();
  later.open();
  const error = (await outcome) as HostError;
  expect(error.message).toContain(called);
  expect(await host.finish({ ok: true })).toEqual([error]);
});

test('after the run a write is refused and warned of; its rejection ends nothing', async () => {
  const images = shelf();
  const { deed, later, outcome } = lateWriter();
  // The seal waits for it that long.
  const host = await started(deed, images, { deadline: 30 });
  await ask(host);
  await host.seal();
  await host.finish({ ok: true });
  later.open();
  const error = (await outcome) as HostError;
  expect(error).toMatchObject({ code: 'HOOK_FAILED', message: expect.stringContaining(called) });
  // A rejection that nobody handles would fail this very test.
  await new Promise((resolve) => setImmediate(resolve));
  expect(logs.at(-1)).toMatchObject({
    plugin: 'p',
    hook: 'DUMP_EXT_FILE',
    level: 'warn',
    message: error.message,
  });
  await host.start('dump');
  await host.seal();
});

test.each([
  ['init', 'PLUGIN_INIT_FAILED'],
  ['exit', 'HOOK_FAILED'],
  ['an observer', 'HOOK_FAILED'],
])('%s is held to it, too', async (where, code) => {
  const images = shelf();
  images.gate.open();
  const forget = (at: string, image: ImageSection): void => {
    if (at === where) void image.writeJson('state', 1);
  };
  const plugin = definePlugin({
    name: 'p',
    init: (_, { image }) => forget('init', image),
    exit: (_, __, { image }) => forget('exit', image),
    hooks: [hook('PAUSE_DEVICES', (_, { image }) => forget('an observer', image))],
  });
  const host = await hostOf(plugin, images);
  const told = async (): Promise<unknown> => {
    await host.start('dump');
    await ask(host, 'PAUSE_DEVICES');
    const [error] = await host.finish({ ok: true });
    throw error;
  };
  expect(await errorOf(told())).toMatchObject({
    code,
    message: expect.stringContaining("answered before image.writeJson('state', …) had ended"),
  });
});

test('a claim is held to it, too', async () => {
  const images = shelf();
  images.gate.open();
  const plugin = definePlugin({
    name: 'p',
    hooks: [
      hook('DUMP_EXT_FILE', () => undefined, {
        claim: (_, { image }) => {
          void image.writeJson('state', 1);
          return true;
        },
      }),
    ],
  });
  const host = await createPluginHost({ plugins: [plugin], images });
  const [claim] = await host.claims('DUMP_EXT_FILE', { file: { path: '/dev/kvm' } } as never);
  expect(claim).toMatchObject({ says: 'failed', error: { code: 'HOOK_FAILED' } });
});
