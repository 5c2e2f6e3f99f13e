import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { type Context, definePlugin, hook, retryLater } from '@criujs/plugin-sdk';

const hang = (): Promise<never> =>
  new Promise(() => {
    setInterval(() => {}, 1000); // what keeps it waiting keeps the event loop busy too
  });

/** Descriptors of this process, with where each leads. */
function openNow(): { fd: number; link: string }[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return [{ fd: Number(name), link: readlinkSync(`/proc/self/fd/${name}`) }];
    } catch {
      return []; // that of the directory itself
    }
  });
}

/** The first that leads there. */
function descriptorOf(link: RegExp): number {
  const found = openNow().find((it) => it.fd > 2 && link.test(it.link));
  if (found === undefined) throw new Error(`no descriptor leads to ${link}: ${JSON.stringify(openNow())}`);
  return found.fd;
}

/** A proxy that throws whatever one does with it. */
function hostile(): object {
  const trap = (): never => {
    throw new Error('a trap of the proxy');
  };
  const traps = new Proxy({}, { get: () => trap });
  return new Proxy(new Error('inside'), traps);
}

let opened: number | undefined;

/** Ways to fail; which one, and in which hook, is in the environment: `CRIUJS_TEST_MISBEHAVE=DUMP_EXT_FILE:hang`. */
const ways: Readonly<Record<string, (context: Context) => unknown>> = {
  throw: () => {
    throw new Error('thrown on purpose');
  },
  reject: () => Promise.reject(new Error('rejected on purpose')),
  hang,
  loop: () => {
    for (;;);
  },
  exit: () => process.exit(0),
  nonsense: () => 'nonsense',
  badDescriptor: () => 99_999,
  proxy: () => {
    throw hostile();
  },
  rejectsProxy: () => Promise.reject(hostile()),
  ownedOutput: () => ({ fd: 1, close() {} }),
  loopsOwn: () => descriptorOf(/eventpoll/),
  enginesOwn: () => ({ fd: descriptorOf(/\/target-1\/(?!images)/), close() {} }),
  enginesClaim: () => ({ fd: descriptorOf(/\/target-1\/.*images/), close() {} }),
  rootsOwn: () => openSync(process.env['CRIUJS_TEST_SECRET'] ?? '', 'r'),
  twice: () => {
    opened ??= openSync('/dev/null', 'r');
    return opened;
  },
  closesLent: () => closeSync((lent as { fd: number }).fd),
  closesAndOpens: () => {
    closeSync((lent as { fd: number }).fd);
    openSync('/etc/passwd', 'r');
  },
  closesOthers: () => {
    for (const { fd, link } of openNow())
      if (fd > 2 && fd !== (lent as { fd: number }).fd && !/^anon_inode:\[event|^pipe:/.test(link)) closeSync(fd);
  },
  arrays: () => {
    Array.prototype.map = () => {
      throw new Error('no arrays today');
    };
  },
  json: async () => {
    await wait(1);
    JSON.stringify = () => 'nonsense';
  },
  timer: () => {
    setTimeout(() => {
      throw new Error('thrown by a timer');
    }, 0);
    // It is due before the loop does anything else.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  },
  late: () => wait(8000),
  forever: () => retryLater,
  forgets: ({ image }) => {
    image.writeJson('state', { on: 'purpose' });
  },
  writesLater: ({ image }) => {
    setImmediate(() => image.writeJson('state', { on: 'purpose' }));
  },
  writesMuchLater: ({ image }) => {
    wait(200).then(() => image.writeJson('state', { on: 'purpose' }));
  },
  abort: () => process.abort(),
  segfault: () => {
    process.kill(process.pid, 'SIGSEGV');
    return hang();
  },
  heap: () => {
    const all: unknown[] = [];
    for (;;) all.push(Array.from({ length: 100_000 }, Math.random));
  },
  closesLoop: () => closeThose(({ link }) => link === 'anon_inode:[eventpoll]'),
  closesMany: () => closeThose(({ fd }) => fd >= 3 && fd <= 80),
};

/** What the hook was asked. */
let lent: unknown;

/** Closes descriptors of others: those of the event loop are among them. */
function closeThose(chosen: (it: { fd: number; link: string }) => boolean): Promise<never> {
  for (const { fd } of openNow().filter(chosen)) closeSync(fd);
  return hang();
}

const [where, way = ''] = (process.env['CRIUJS_TEST_MISBEHAVE'] ?? '').split(':');

if (where === 'load') ways[way]?.({} as Context);

function misbehave<T>(place: string, context: Context, well: () => T): T {
  if (where !== place) return well();
  const chosen = ways[way];
  if (!chosen) throw new Error(`no such way to misbehave: ${way}`);
  return chosen(context) as T;
}

export default definePlugin({
  name: 'test-misbehaving',
  version: '0.0.1',
  init: (_, context) => misbehave<void>('init', context, () => {}),
  exit: (_, __, context) => misbehave<void>('exit', context, () => {}),
  hooks: [
    hook(
      'DUMP_EXT_FILE',
      async (args, context) => {
        lent = args;
        return misbehave<void>('DUMP_EXT_FILE', context, () => {});
      },
      { claim: (_, context) => misbehave('claim', context as Context, () => true) },
    ),
    hook('RESTORE_EXT_FILE', async ({ file }, context) =>
      misbehave('RESTORE_EXT_FILE', context, () => openSync(file.path ?? '', file.flags & 3)),
    ),
    hook('PAUSE_DEVICES', async (_, context) => misbehave<void>('PAUSE_DEVICES', context, () => {})),
  ],
});
