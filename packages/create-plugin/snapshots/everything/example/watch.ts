import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folders = ['src', 'example'] as const;

/** Editors write a file in several steps: milliseconds until they are done. */
const settleMs = 100;

/** Runs the example, and again at each change of the plugin or the example, until Ctrl-C. */
export async function runAtEachChange(): Promise<never> {
  for (;;) {
    // A change during the run counts too.
    const changed = nextChange();
    await runExample();
    console.log(`\nIt runs again when a file in ${folders.join(' or ')} changes. Ctrl-C ends it.`);
    await changed;
  }
}

function runExample(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('jiti', [fileURLToPath(new URL('dev.ts', import.meta.url))], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', () => resolve());
  });
}

function nextChange(): Promise<void> {
  return new Promise((resolve) => {
    const watchers = folders.map((folder) =>
      watch(folder, () => {
        for (const it of watchers) it.close();
        setTimeout(resolve, settleMs);
      }),
    );
  });
}
