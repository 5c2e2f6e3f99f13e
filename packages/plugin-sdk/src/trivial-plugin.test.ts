import { expect, test } from 'vitest';
import { type Context, type DumpedFile, definePlugin, fileId, hook, isPlugin } from './index.ts';

// The trivial plugin of the original announcement of plugins: one hook, registered without init and exit.
const plugin = definePlugin({
  name: 'trivial',
  hooks: [
    hook('DUMP_EXT_FILE', ({ fd, id }, context) => {
      context.log.info(`dump_ext_file: fd ${fd} id ${id}`);
    }),
  ],
});

test('the trivial plugin logs the file that it is asked for', () => {
  const logged: string[] = [];
  const context = { log: { info: (message: string) => logged.push(message) } } as unknown as Context;

  const [registration] = plugin.hooks;
  registration?.handler?.({ fd: 5, id: fileId(7), file: {} as DumpedFile } as never, context as never);

  expect(isPlugin(plugin)).toBe(true);
  expect(plugin).toMatchObject({ name: 'trivial', apiVersion: 1 });
  expect(registration?.hook).toBe('DUMP_EXT_FILE');
  expect(logged).toEqual(['dump_ext_file: fd 5 id 7']);
});
