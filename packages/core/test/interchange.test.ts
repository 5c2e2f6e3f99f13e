import { describe } from 'vitest';
import { criujs, type Engine, realCriu } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { criuMissing } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { cProgram, huge, nodeCounter, type Program, pipeline, pythonCounter, shCounter } from './harness/programs.ts';

const missing = criuMissing();

interface Route {
  readonly name: string;
  readonly legs: readonly { readonly by: Engine; readonly restoredBy: Engine }[];
}

/** CRIU alone: what fails there is a mistake of the program or of the harness. For whoever changes those. */
const alone: Route = {
  name: 'CRIU to CRIU, twice',
  legs: [
    { by: realCriu, restoredBy: realCriu },
    { by: realCriu, restoredBy: realCriu },
  ],
};
const both: Route = {
  name: 'ours to CRIU, CRIU to ours, ours to CRIU',
  legs: [
    { by: criujs, restoredBy: realCriu },
    { by: realCriu, restoredBy: criujs },
    { by: criujs, restoredBy: realCriu },
  ],
};

const routes = process.env['CRIUJS_TEST_HARNESS'] === '1' ? [alone, both] : [both];

/** What is not in the tree of `mirror.test.ts`. */
const programs: readonly {
  readonly program: Program;
  readonly compared?: boolean;
}[] = [
  { program: cProgram('timers'), compared: false },
  { program: cProgram('barriers', { BARRIERS_PLAIN: '1' }) },
  { program: cProgram('timerfds', { TIMERFDS_PLAIN: '1' }) },
  { program: cProgram('pidfds', { PIDFDS_PLAIN: '1' }) },
  { program: cProgram('watches', { WATCHES_PLAIN: '1' }) },
  { program: cProgram('memory', { MEMORY_OLD: '1' }) },
  { program: cProgram('clocks') },
  { program: cProgram('pipes', { PIPES_PLAIN: '1' }) },
  { program: cProgram('pairs', { PAIRS_PLAIN: '1' }) },
  { program: huge },
  { program: cProgram('aios') },
  { program: cProgram('netlinks', { NETLINKS_PLAIN: '1' }) },
  { program: cProgram('flights', { FLIGHTS_PLAIN: '1' }) },
  { program: cProgram('listeners', { LISTENERS_PLAIN: '1' }) },
  // CRIU gives a controlling terminal to the leader of its session alone.
  { program: cProgram('ptys', { PTYS_PLAIN: '1' }), compared: false },
  { program: cProgram('deleted', { DELETED_PLAIN: '1' }), compared: false },
  { program: pipeline, compared: false },
  { program: shCounter, compared: false },
  { program: pythonCounter, compared: false },
  { program: nodeCounter, compared: false },
];

describe.skipIf(missing)(missing ?? 'images understood by CRIU and by us', () => {
  for (const { program, compared = true } of programs) {
    for (const route of routes) {
      test.skipIf(program.missing)(`${program.name}: ${program.missing ?? route.name}`, async ({ place }) => {
        const target = await place.start(program);
        for (const leg of route.legs) await travel(place, target, { ...leg, compared });
        await target.finish();
      });
    }
  }

  // CRIU 4.1 cannot dump internet sockets where the kernel has no SO_PASSCRED for them (Linux 6.16).
  for (const program of [cProgram('udps', { UDPS_PLAIN: '1' }), cProgram('inets', { INETS_PLAIN: '1' })])
    test.skipIf(program.missing)(`${program.name}: ${program.missing ?? 'ours to CRIU'}`, async ({ place }) => {
      const target = await place.start(program);
      await travel(place, target, { by: criujs });
      await travel(place, target, { by: criujs, restoredBy: realCriu });
      await target.finish();
    });

  // CRIU brings it back as memory of a memfd, which neither dumps as what it was: so that is the last leg.
  const shared = cProgram('shared', { SHARED_PLAIN: '1' });
  test.skipIf(shared.missing)(
    `${shared.name}: ${shared.missing ?? 'CRIU to ours, ours to CRIU'}`,
    async ({ place }) => {
      const target = await place.start(shared);
      await travel(place, target, { by: realCriu, restoredBy: criujs });
      await travel(place, target, { by: criujs, restoredBy: realCriu, compared: false });
      await target.finish();
    },
  );
});
