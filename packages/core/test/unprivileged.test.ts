import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { run } from './harness/command.ts';
import { criujs } from './harness/engines.ts';
import { installedFor } from './harness/installed.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import {
  counter,
  cProgram,
  nodeCounter,
  type Program,
  pythonCounter,
  shCounter,
  threads,
  tree,
} from './harness/programs.ts';

/** As an ordinary user: whoever runs the tests, or nobody when that is root. */
const how = { asNobody: isRoot } as const;

/** Programs that ask for their pid anew whenever they need it. */
const withoutOldPids: readonly Program[] = [
  counter,
  pythonCounter,
  nodeCounter,
  cProgram('listeners', { LISTENERS_NEW: '1' }),
  cProgram('udps', { UDPS_USER: '1' }),
  cProgram('inets', { INETS_USER: '1' }),
];

describe('without any right', () => {
  for (const program of withoutOldPids) {
    test.skipIf(program.missing)(`${program.name}: dumped and restored with new pids, twice`, async ({ place }) => {
      const bin = await installedFor(place, how);
      const target = await place.start(program, how);
      for (let leg = 0; leg < 2; leg++) {
        const before = target.pid;
        await travel(place, target, { by: criujs, compared: false, restore: { newPids: true }, how: { ...how, bin } });
        expect(target.pid).not.toBe(before);
      }
      await target.finish();
    });
  }

  for (const program of [counter, threads, tree, shCounter]) {
    test.skipIf(program.missing)(`${program.name}: dumped, left running`, async ({ place }) => {
      const bin = await installedFor(place, how);
      const target = await place.start(program, how);
      await criujs.dump(target.pid, target.images(), { leaveRunning: true }, { ...how, bin });
      expect(target.held()).toEqual([]);
      await target.advance();
      await target.finish();
    });
  }
});

const inner = fileURLToPath(new URL('harness/inner.sh', import.meta.url));
const unshare = ['unshare', '-U', '-r', '-p', '-f', '--mount-proc'];
const noNamespaces = (await run([...unshare, 'true'], how)).code === 0 ? null : 'no user namespaces here';

describe.skipIf(noNamespaces)(noNamespaces ?? 'in a user namespace of one’s own', () => {
  // Others are in the tree of `mirror.test.ts`.
  for (const program of [cProgram('timers'), shCounter, pythonCounter]) {
    test.skipIf(program.missing)(`${program.name}: restored with the pid that it had, twice`, async ({ place }) => {
      const bin = await installedFor(place, how);
      const home = place.home(how);
      const ended = await run([...unshare, 'sh', inner, home, bin, process.execPath, ...program.command()], how);
      expect(`${ended.stdout}${ended.stderr}`).toMatch(/pid \d+, \d+ lines\n/);
      expect(ended.code).toBe(0);
    });
  }
});
