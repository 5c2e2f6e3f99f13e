import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNative } from '../../packages/wire/dist/index.js';
import { criuAt, criujs, findCriu, versionOfCriu, whyNoCriu } from './engines.js';
import { goalsMissed } from './goals.js';
import { machineInWords } from './machine.js';
import { measure, phases } from './measure.js';
import { placeFor } from './place.js';
import { adoptOrphans } from './processes.js';

/**
 * All that a run found out; what is written as JSON.
 * @typedef {{ date: string, machine: string, node: string, criu: string | null, withoutCriu: string | null, images: string,
 *   rounds: number, small: boolean, missed: string[], scenarios: import('./notes.js').Result[] }} Report
 */

/** @returns {Promise<Report>} @throws AbortError after SIGINT or SIGTERM, once nothing is left behind */
export async function benchEngines({ scenarios, rounds, small }) {
  const criu = findCriu();
  const withoutCriu = await whyNoCriu(criu);
  const engines = withoutCriu === null ? [criujs, criuAt(criu)] : [criujs];
  const programs = { target: await build('target'), limits: await build('limits') };
  // Images of both, of the library, and what the limit writes.
  const bytes = 3.5 * Math.max(...scenarios.map((it) => it[small ? 'small' : 'target'].bytes ?? 0)) + 2 ** 25;
  const { folder, isMemory } = placeFor(bytes);
  const place = mkdtempSync(join(folder, `criujs-bench-${process.pid}-`));
  const { signal, release } = onInterrupt();
  adoptOrphans();
  const results = [];
  try {
    for (const [at, scenario] of scenarios.entries()) {
      const onPhase = (phase) => {
        const step = at * phases.length + phases.indexOf(phase) + 1;
        console.error(`${step} of ${scenarios.length * phases.length}: ${scenario.title}, ${phase}`);
      };
      results.push(await measure(scenario, { place, programs, engines, rounds, small, signal, onPhase }));
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
    release();
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: machineInWords(),
    node: process.versions.node,
    criu: withoutCriu === null ? await versionOfCriu(criu) : null,
    withoutCriu,
    images: isMemory ? 'in memory (tmpfs)' : 'on disk',
    rounds,
    small,
    missed: goalsMissed(results),
    scenarios: results,
  };
}

function build(name) {
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  return buildNative({ source, kind: 'program', flags: ['-pthread'] });
}

/** A signal that is aborted by SIGINT and SIGTERM: what runs ends first, then all is cleaned up. */
function onInterrupt() {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const names = ['SIGINT', 'SIGTERM'];
  for (const name of names) process.on(name, stop);
  const release = () => {
    for (const name of names) process.off(name, stop);
  };
  return { signal: controller.signal, release };
}
