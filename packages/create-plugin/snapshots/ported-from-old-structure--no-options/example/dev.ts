// npm run dev: dumps and restores the example program with the plugin, and shows what the plugin is asked as it happens. With
// `-- --watch` it does so again at each change.
import { fileURLToPath } from 'node:url';
import { describeError, dump, EngineError, restore } from '@criujs/core';
import { lookAtMachine } from './machine.ts';
import { showCall, showLog, showWarnings } from './show-call.ts';
import { setStage } from './stage.ts';
import { runAtEachChange } from './watch.ts';

if (process.argv.includes('--watch')) await runAtEachChange();

const { missing, samePids } = await lookAtMachine();
if (missing !== null) {
  console.error(`This machine cannot run the example: ${missing}`);
  process.exit(1);
}

const stage = await setStage();
const { program, images } = stage;
const shared = {
  images,
  // By its path: an error has the line in the source.
  plugins: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
  record: showCall,
  onLog: showLog,
};
try {
  console.log(`The example program runs as ${program.pid} and has counted to ${program.count()}.`);
  console.log('\nIt is dumped:');
  const saved = await dump({ ...shared, pid: program.pid });
  console.log(`  ${saved.bytes} bytes of memory, frozen for ${Math.round(saved.frozenMs)} ms`);
  showWarnings(saved.warnings);
  const atDump = program.count();

  console.log('\nIt is restored:');
  const restored = await restore({ ...shared, newPids: !samePids });
  showWarnings(restored.warnings);
  program.pid = restored.pid;
  await program.advance();
  console.log(`\nIt runs as ${program.pid}. It had counted to ${atDump}, and has now come to ${program.count()}.`);
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  if (error.code === 'UNSUPPORTED') {
    // As long as the plugin declines, nobody takes the device.
    await program.advance();
    console.log(`  ${error.message}`);
    console.log('\nNothing was dumped, and the program runs on. Write `save` in src/external-file.ts: it was asked.');
  } else {
    console.error(`\n${describeError(error, 'full')}`);
    process.exitCode = 1;
  }
} finally {
  await stage.close();
}
