import { definePlugin, fileId, hook } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import { unrecorded } from '../externals/unrecorded.ts';
import { noImages } from '../images/run-images.ts';
import { openPlugins } from './plugins.ts';

/** A plugin that waits in each call until all are there. */
function waiting(count: number): { plugin: ReturnType<typeof definePlugin>; all: Promise<void> } {
  let left = count;
  let arrive = (): void => undefined;
  const all = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const restore = async (): Promise<never> => {
    left -= 1;
    if (left === 0) arrive();
    return new Promise(() => undefined);
  };
  return { plugin: definePlugin({ name: 'slow', hooks: [hook('RESTORE_EXT_FILE', restore)] }), all };
}

test('any number of calls may wait, without a word of a leak, and an abort ends them all', async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', note);
  try {
    const calls = 40;
    const { plugin, all } = waiting(calls);
    const plugins = openPlugins({ plugins: [plugin] }, 'restore', noImages());
    const host = await plugins.start();
    const answers = Array.from({ length: calls }, async (_, id) =>
      host?.call('RESTORE_EXT_FILE', { id: fileId(id), file: unrecorded }),
    );
    const settled = Promise.allSettled(answers);
    await all;
    plugins.abort();
    expect((await settled).map((it) => it.status === 'rejected' && it.reason.code)).toEqual(
      Array(calls).fill('ABORTED'),
    );
    await plugins.finish({ ok: true });
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
  } finally {
    process.off('warning', note);
  }
});
