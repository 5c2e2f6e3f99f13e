import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from '@criujs/core';
import { expect } from 'vitest';
import { grabbingCopy } from './fuzz/grab.ts';
import { mutatedCopy } from './fuzz/mutate.ts';
import { type Holdings, type Outcome, openRestorer } from './fuzz/restorer.ts';
import { chance } from './harness/chance.ts';
import { nobody } from './harness/command.ts';
import { isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { counter, cProgram, type Program, shCounter, threads, tree } from './harness/programs.ts';

/** How many damaged dumps are tried; the full count is 20,000. */
const runs = Number(process.env['CRIUJS_FUZZ_RUNS'] ?? 60);
/** The first seed; with one run it is the only one: a failure names its seed. */
const first = Number(process.env['CRIUJS_FUZZ_SEED'] ?? 1);

/** What a restore of damaged images may end with. All others are mistakes of ours. */
const allowed: ReadonlySet<string> = new Set([
  'restored',
  'IMAGE_INVALID',
  'IMAGES_INCOMPLETE',
  'IMAGES_VERSION',
  'UNSUPPORTED',
  'FILE_MISSING',
  'FILE_CHANGED',
  'NOT_PERMITTED',
  'PLUGIN_MISSING',
  'PLUGIN_FAILED',
]);

/** What fails for limits of this machine and this user is no fault of the image: its remedy names the limit. */
const isLimit = ({ code, remedy = '' }: Outcome): boolean => code === 'KERNEL' && /limit|memory/i.test(remedy);

/** More than a restore of a small program ever needs. */
const mostMiB = 400;

async function goodDumps(place: Place): Promise<string[]> {
  const programs: readonly Program[] = [
    counter,
    threads,
    tree,
    cProgram('timers'),
    cProgram('shared'),
    cProgram('deleted'),
    shCounter,
  ].filter(({ missing }) => missing === null);
  const dumps: string[] = [];
  for (const program of programs) {
    const target = await place.start(program, { asNobody: isRoot });
    // Restored ones stand still as well, and change none of the files that the next are compared with.
    await target.pause();
    const images = place.fresh('good');
    await dump({ pid: target.pid, images });
    dumps.push(images);
  }
  return dumps;
}

function faultOf(outcome: Outcome): string | null {
  const { code, message = '', remedy = '', left, mostMiB: most, stack } = outcome;
  if (!allowed.has(code) && !isLimit(outcome)) return `ended with ${code}: ${message}\n${stack}`;
  if (code !== 'restored' && remedy === '') return `${code} without a remedy: ${message}`;
  if (code !== 'restored' && message === '') return `${code} without a message`;
  if (left.length > 0) return `${code} (${message}) left ${left.join('; ')}`;
  if (most > mostMiB) return `${code} took ${most} MiB`;
  return null;
}

test(`${runs} mutated dumps from seed ${first} on: each is restored, or refused with a code and a remedy`, {
  timeout: 120_000 + runs * 5_000,
}, async ({ place }) => {
  const dumps = await goodDumps(place);
  const restorer = await openRestorer(place);
  const counts: Record<string, number> = {};
  const faults: string[] = [];
  let descriptors: number | undefined;
  try {
    for (let seed = first; seed < first + runs; seed++) {
      const next = chance(seed);
      const images = place.fresh('mutated');
      const what = mutatedCopy(next.pick(dumps), images, dumps, next);
      const outcome = await restorer.restore(images);
      counts[outcome.code] = (counts[outcome.code] ?? 0) + 1;
      const fault = faultOf(outcome);
      if (fault !== null) faults.push(`CRIUJS_FUZZ_SEED=${seed} CRIUJS_FUZZ_RUNS=1 (${what}): ${fault}`);
      if (process.env['CRIUJS_FUZZ_LOG'])
        process.stderr.write(`${seed} ${outcome.code} ${outcome.ms.toFixed()} ms, ${what}: ${outcome.message}\n`);
      if (outcome.descriptors > 0) descriptors ??= outcome.descriptors;
      if (outcome.descriptors > (descriptors ?? 0) + 8) {
        faults.push(`seed ${seed} (${what}): ${outcome.descriptors} descriptors are open, ${descriptors} at first`);
        descriptors = outcome.descriptors;
      }
      rmSync(images, { recursive: true });
    }
  } finally {
    await restorer.end();
  }
  expect(faults, `${JSON.stringify(counts)}\n${faults.join('\n')}`).toEqual([]);
});

/** What an ordinary user has at most, after a restore by root. */
function excessOf({ open, maps, Groups, ...it }: Holdings, loot: string): string | null {
  const own = String(nobody);
  const foreign = [it.Uid, it.Gid, Groups].find((line) => line.split(/\s+/).some((id) => id !== '' && id !== own));
  if (foreign !== undefined) return `the ids ${foreign}`;
  const able = [it.CapInh, it.CapPrm, it.CapEff, it.CapAmb].find((set) => !/^0+$/.test(set));
  if (able !== undefined) return `the capabilities ${able}`;
  if (maps.includes(loot)) return 'a map of a file of root';
  return open.find((link) => link.includes(loot) || /^\/proc\/(?:self|thread-self|\d+)\//.test(link)) ?? null;
}

/** Less is to be found there. */
const grabbing = Math.ceil(runs / 2);

test.skipIf(!isRoot)(
  `${grabbing} dumps of an ordinary user with credentials and paths that the user has not, from seed ${first} on: root gives none of them`,
  { timeout: 120_000 + grabbing * 5_000 },
  async ({ place }) => {
    const dumps = await goodDumps(place);
    const directory = place.fresh('roots');
    mkdirSync(directory, { mode: 0o700 });
    const file = join(directory, 'secret');
    writeFileSync(file, 'for root alone', { mode: 0o600 });
    const restorer = await openRestorer(place, 'root');
    const counts: Record<string, number> = {};
    const faults: string[] = [];
    try {
      for (let seed = first; seed < first + grabbing; seed++) {
        const next = chance(seed);
        const images = place.fresh('grabbing');
        const what = grabbingCopy(next.pick(dumps), images, { uid: nobody, loot: { directory, file } }, next);
        const outcome = await restorer.restore(images);
        counts[outcome.code] = (counts[outcome.code] ?? 0) + 1;
        const fault = outcome.code === 'IMAGES_UNTRUSTED' ? null : faultOf(outcome);
        const excess = (outcome.held ?? []).map((it) => excessOf(it, directory)).find((it) => it !== null);
        const changed = readdirSync(directory).join() !== 'secret' || readFileSync(file, 'utf8') !== 'for root alone';
        const wrong = [
          ...(fault === null ? [] : [fault]),
          ...(excess === undefined ? [] : [`a restored process has ${excess}`]),
          ...(changed ? ['what belongs to root alone was changed'] : []),
        ];
        if (wrong.length > 0) faults.push(`CRIUJS_FUZZ_SEED=${seed} CRIUJS_FUZZ_RUNS=1 (${what}): ${wrong.join('; ')}`);
        if (process.env['CRIUJS_FUZZ_LOG'])
          process.stderr.write(`${seed} ${outcome.code}, ${what}: ${outcome.message}\n`);
        rmSync(images, { recursive: true });
      }
    } finally {
      await restorer.end();
    }
    expect(faults, `${JSON.stringify(counts)}\n${faults.join('\n')}`).toEqual([]);
    if (grabbing < 20) return;
    expect(counts['restored'], 'what asks for nothing more comes back').toBeGreaterThan(0);
    expect(counts['IMAGES_UNTRUSTED'], JSON.stringify(counts)).toBeGreaterThan(0);
  },
);
