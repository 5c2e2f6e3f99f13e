// Copied into the `example` folder of a new project: dumps and restores its program with its plugin and a real CRIU.
import { dump, restore } from '@criujs/core';
import { criu } from '@criujs/criu-bridge';

const [bin = ''] = process.argv.slice(2);
const here = new URL('./', import.meta.url);
const { default: plugin } = await import(new URL('../src/index.ts', here).href);
const { setStage } = await import(new URL('stage.ts', here).href);
const { showCall } = await import(new URL('show-call.ts', here).href);

const stage = await setStage();
try {
  const { program, images } = stage;
  const pluginOptions = stage.options && { [plugin.name]: stage.options };
  const run = { images, plugins: [plugin], pluginOptions, engine: criu({ bin }), record: showCall };
  await dump({ ...run, pid: program.pid });
  const atDump = program.count();
  program.pid = (await restore({ ...run, detach: true })).pid;
  await program.advance();
  process.stdout.write(`it went on from ${atDump} to ${program.count()}\n`);
} finally {
  await stage.close();
}
// A connection that the stage's service lost may still be waited for.
process.exit();
