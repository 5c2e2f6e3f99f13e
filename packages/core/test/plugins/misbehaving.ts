import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { type Context, definePlugin, hook, retryLater } from '@criujs/plugin-sdk';

const hang = (): Promise<never> =>
  new Promise(() => {
    setInterval(() => {}, 1000); // what keeps it waiting keeps the event loop busy too
  });

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
  closesLoop: () => closeThose((fd) => targetOf(fd) === 'anon_inode:[eventpoll]'),
  closesMany: () => closeThose((fd) => fd >= 3 && fd <= 80),
};

function targetOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

/** Closes descriptors of others: those of the event loop are among them. */
function closeThose(chosen: (fd: number) => boolean): Promise<never> {
  for (const fd of readdirSync('/proc/self/fd').map(Number).filter(chosen)) {
    try {
      closeSync(fd);
    } catch {
      // That of the listing.
    }
  }
  return hang();
}

const [where, way = ''] = (process.env['CRIUJS_TEST_MISBEHAVE'] ?? '').split(':');

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
    hook('DUMP_EXT_FILE', async (_, context) => misbehave<void>('DUMP_EXT_FILE', context, () => {}), {
      claim: (_, context) => misbehave('claim', context as Context, () => true),
    }),
    hook('RESTORE_EXT_FILE', async ({ file }, context) =>
      misbehave('RESTORE_EXT_FILE', context, () => openSync(file.path ?? '', file.flags & 3)),
    ),
    hook('PAUSE_DEVICES', async (_, context) => misbehave<void>('PAUSE_DEVICES', context, () => {})),
  ],
});
