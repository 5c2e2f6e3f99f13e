import { readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect } from 'vitest';
import { nobody, run, runWell } from '../../core/test/harness/command.ts';
import { criujs } from '../../core/test/harness/engines.ts';
import { isRoot, root } from '../../core/test/harness/machine.ts';
import { test } from '../../core/test/harness/place.ts';
import { processesIn, untilGone } from '../../core/test/harness/processes.ts';
import { nodeCounter, shCounter } from '../../core/test/harness/programs.ts';

// What the guide shows is what a reader copies: its commands are run, each as the user that they are for.

const guide = readFileSync(join(root, 'docs/guides/root-sudo-container.md'), 'utf8');
const blocks = new Map([...guide.matchAll(/^```sh name=(\S+)\n(.*?)^```$/gms)].map(([, name, code]) => [name, code]));
const env = { PATH: [join(root, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter) };

function command(name: string): string[] {
  const code = blocks.get(name);
  if (code === undefined) throw new Error(`the guide has no block ${name}`);
  return ['sh', '-e', '-c', code];
}

test.skipIf(!isRoot)('an ordinary user dumps and restores with new pids (root)', async ({ place }) => {
  // The shell signals itself by the pid that it had.
  const target = await place.start(nodeCounter, { asNobody: true });
  const { pid, directory } = target;
  const how = { cwd: directory, env: { ...env, PID: `${pid}` }, asNobody: true };
  await runWell(command('ordinary.sh'), how);
  await untilGone(pid);
  const [again = ''] = processesIn(directory);
  target.pid = Number.parseInt(again, 10);
  place.track(target.pid);
  await target.advance();
  await target.finish();
});

test.skipIf(!isRoot)('root restores a user’s images as that user, with the old pids (root)', async ({ place }) => {
  const target = await place.start(shCounter, { asNobody: true });
  const { pid, directory } = target;
  const images = join(directory, 'images');
  await criujs.dump(pid, images, {}, { asNobody: true });
  await untilGone(pid);
  await runWell(command('as-their-owner.sh'), { cwd: directory, env });
  place.track(pid);
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toContain(`Uid:\t${nobody}\t${nobody}\t${nobody}`);
  await target.advance();
  await target.finish();
  rmSync(images, { recursive: true });
});

test.skipIf(!isRoot)('check says what holds in namespaces of one’s own (root)', async () => {
  const { stdout } = await run(command('namespace.sh'), { env, asNobody: true });
  expect(stdout).toMatch(/^ {2}yes {2}restore them with the pids that they had$/m);
  expect(stdout).toMatch(/^limited {2}Who runs criujs\n +root of a user namespace/m);
  expect(stdout).toMatch(/^limited {2}Processes that are seen .*\n +this is a pid namespace/m);
});

test('every command of the guide is run here', () => {
  expect([...blocks.keys()].toSorted()).toEqual(['as-their-owner.sh', 'namespace.sh', 'ordinary.sh']);
});
