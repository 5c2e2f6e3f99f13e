import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { App, Ground } from './app.ts';
import { untilListens } from './ground.ts';
import { stepByStep } from './local.ts';

/** Without a screen, asked for a new page again and again through its port for developers. */
const chromium: App = {
  name: 'chromium, headless',
  needs: ['chromium'],
  packages: ['chromium'],
  options: ['--tcp-established', '--file-locks'],
  command: ({ folder, port }) => [
    ...[
      'chromium',
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-crashpad-for-testing',
      '--disable-breakpad',
      '--disable-dev-shm-usage',
      '--no-first-run',
    ],
    ...[`--remote-debugging-port=${port}`, `--user-data-dir=${join(folder, 'user')}`, 'about:blank'],
  ],
  ready: untilListens,
  load: async (at) =>
    stepByStep(async () => {
      const { id } = (await ask(at, 'new?about:blank', 'PUT')) as { id: string };
      const pages = (await ask(at, 'list')) as { id: string }[];
      assert(
        pages.some((it) => it.id === id),
        `page ${id} is not there`,
      );
      await ask(at, `close/${id}`);
    }),
};

async function ask({ port }: Ground, what: string, method: string = 'GET'): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}/json/${what}`, { method });
  const text = await answer.text();
  return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
}

export const browsers: readonly App[] = [chromium];
