import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { expect } from 'vitest';
import type { Load } from '../../../tests/apps/app.ts';
import { overTcp } from '../../../tests/apps/conversation.ts';
import { freePort, untilListens } from '../../../tests/apps/ground.ts';
import { overHttp } from '../../../tests/apps/http.ts';
import { runWell } from '../../core/test/harness/command.ts';
import { keepDescriptors } from '../../core/test/harness/keep-descriptors.ts';
import { isRoot, python, root } from '../../core/test/harness/machine.ts';
import { test } from '../../core/test/harness/place.ts';
import { runs } from '../../core/test/harness/processes.ts';
import { until } from '../../core/test/harness/wait.ts';

// What the guide shows is what a reader copies.

const guide = readFileSync(join(root, 'docs/guides/servers.md'), 'utf8');
const blocks = new Map([...guide.matchAll(/^```sh name=(\S+)\n(.*?)^```$/gms)].map(([, name, code]) => [name, code]));
const path = [join(root, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
const missing = isRoot ? (python === null ? 'no python3' : null) : 'needs root';

async function answered(load: Load): Promise<void> {
  const goal = load.done() + 5;
  await until('the client is answered', () => load.done() >= goal);
}

test.skipIf(missing)(`the commands of the guide on servers${missing ? ` (${missing})` : ''}`, async ({ place }) => {
  const folder = place.home();
  const port = await freePort();
  keepDescriptors();
  const start = 'cd "$0" && setsid python3 -m http.server --protocol HTTP/1.1 "$1" </dev/null >said 2>&1 & echo $!';
  const pid = Number(await runWell(['sh', '-c', start, folder, `${port}`]));
  place.track(pid);
  await untilListens({ port });
  const type = async (name: string): Promise<string> => {
    const code = blocks.get(name);
    if (code === undefined) throw new Error(`the guide has no block ${name}`);
    return runWell(['sh', '-e', '-c', code], { cwd: folder, env: { PATH: path, PID: `${pid}` } });
  };
  const words = readFileSync(join(folder, 'words'), 'utf8');
  const load = await overTcp(
    port,
    overHttp('/words', () => words),
  );
  await answered(load);
  expect(await type('plan.sh')).toContain('TCP connection');
  await type('backup.sh');
  await answered(load);
  expect(await type('stop.sh')).toContain('criujs network unlock -D images');
  await until('it has ended', () => !runs(pid));
  await type('go-on.sh');
  place.track(pid);
  await answered(load);
  await load.stop();

  const idle = connect(port, '127.0.0.1');
  idle.on('error', () => undefined);
  await once(idle, 'connect');
  await until('the server has accepted it', async () => (await type('plan.sh')).includes('TCP connection'));
  rmSync(join(folder, 'images'), { recursive: true });
  await type('stop.sh');
  await until('it has ended', () => !runs(pid));
  expect(await type('give-up.sh')).toMatch(/pass again|restored/);
  place.track(pid);
  idle.destroy();
  const next = await overTcp(
    port,
    overHttp('/words', () => words),
  );
  await answered(next);
  await next.stop();
});
