import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CriuReqType } from '@criujs/images';
import { readStat } from '@criujs/linux';
import type { PluginInfo } from '@criujs/plugin-host';
import { type DumpJob, type DumpOutcome, encodeRecords, recordsName } from '@criujs/plugin-host/engine';
import { type Dumped, readDumped, recordsOf } from './dumped.ts';
import { awaitEnd } from './free-pids.ts';
import { inventoryFile, nameTakers } from './inventory.ts';
import type { CriuOptions } from './options.ts';
import { treeOf } from './restored.ts';
import { type CriuOutcome, runCriu, type Step } from './run.ts';
import { readStats } from './stats.ts';
import { writeWhole } from './write-whole.ts';

const pageSize = 4096n;

/**
 * Dumps with CRIU. Our own part of the images is written at `post-dump`: everything of CRIU's is written then, and the tree
 * stands still; whatever we answer decides whether it ends or runs on.
 */
export async function dumpWithCriu(options: CriuOptions, job: DumpJob): Promise<DumpOutcome> {
  const begun = startOf(job.pid);
  let dumped: Dumped | null = null;
  let tree: readonly number[] = [];
  const step = async ({ script, bridge, failures }: Step): Promise<void> => {
    if (script === 'pre-dump') job.beforeWriting();
    if (script !== 'post-dump') return;
    job.signal.throwIfAborted();
    // Files that CRIU did not wait for: the tree still stands, and runs on if one was not taken.
    await bridge?.settle();
    if (failures().length > 0) return;
    await job.host?.seal();
    if (job.host !== null) nameTakers(job.images, job.host, bridge?.claimed() ?? []);
    const read = readDumped(job.images);
    const records = recordsOf(read, job.pid, bridge, (job.host?.plugins ?? []).map(recordOf));
    writeWhole(join(job.images, recordsName), encodeRecords(records));
    dumped = read;
    tree = treeOf(job.pid);
  };
  try {
    return await runCriu(
      options,
      job,
      {
        stage: 'dump',
        type: CriuReqType.DUMP,
        doing: `dump ${job.pid}`,
        records: null,
        opts: { pid: job.pid, leaveRunning: job.leaveRunning },
        step,
      },
      async (outcome) => {
        // CRIU kills, and does not wait.
        if (!job.leaveRunning) await awaitEnd(tree);
        return summarise(dumped ?? readDumped(job.images), outcome);
      },
    );
  } catch (error) {
    // The tree runs on: CRIU's inventory must not make its images a dump. If it does not, they are all there is.
    if (dumped === null || startOf(job.pid) === begun) rmSync(join(job.images, inventoryFile), { force: true });
    throw error;
  }
}

/** When a process began: tells it from another with its pid. null: it has ended. */
function startOf(pid: number): bigint | number | null {
  try {
    const { startTime, state } = readStat(pid);
    return state === 'Z' ? null : startTime;
  } catch {
    return null;
  }
}

function recordOf({ name, version, apiVersion, imageVersion }: PluginInfo): Parameters<typeof recordsOf>[3][number] {
  return { name, version: version ?? null, apiVersion, imageVersion };
}

function summarise({ tasks }: Dumped, { bridge, workDirectory }: CriuOutcome): DumpOutcome {
  const { frozenTime = 0, pagesWritten = 0n } = readStats(workDirectory, 'stats-dump')?.dump ?? {};
  return {
    processes: tasks.length,
    threads: tasks.reduce((sum, { threads }) => sum + Math.max(1, threads.length), 0),
    bytes: Number(pagesWritten * pageSize),
    // CRIU counts microseconds.
    frozenMs: frozenTime / 1000,
    plugins: bridge?.claimed() ?? [],
  };
}
