/**
 * A host of plugins in a process of its own, to be killed: host-process.js STAGE IMAGES MARK. Its plugin writes MARK when it is
 * asked for a file, and never answers.
 */
import { writeFileSync } from 'node:fs';
import { createPluginHost } from '@criujs/plugin-host';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import { openServer } from '../../dist/server/open-server.js';

const [stage, images, mark] = process.argv.slice(2);
const hang = () => {
  writeFileSync(mark, '');
  return new Promise(() => undefined);
};
const plugin = definePlugin({
  name: 'fuse-keeper',
  hooks: [hook('DUMP_EXT_FILE', hang), hook('RESTORE_EXT_FILE', hang)],
});
const host = await createPluginHost({ plugins: [plugin], images });
await host.start(stage);
const server = await openServer({ images, host, records: null, hookDeadlineMs: 60_000 });
process.stdout.write(`${JSON.stringify(server.environment)}\n`);
