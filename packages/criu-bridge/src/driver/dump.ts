import {
  type DumpOutcome,
  EngineError,
  encodeRecords,
  type FolderDumpJob,
  inventoryNames,
  type PipeRecord,
  recordsName,
  writeWhole,
} from '@criujs/engine-kit';
import { pidsBelow } from '@criujs/engine-kit/targets';
import { CriuReqType } from '@criujs/images';
import { readStat } from '@criujs/linux';
import { unrestorableWarnings } from '@criujs/plugin-host/facts';
import { type Dumped, readDumped, recordsOf } from './dumped.ts';
import { awaitEnd } from './free-pids.ts';
import { listPlugins } from './inventory.ts';
import { withOption } from './options/add.ts';
import { tcpDumpOptions } from './options/tcp.ts';
import type { CriuOptions } from './options.ts';
import { type CriuOutcome, runCriu, type Step } from './run.ts';
import { readStats } from './stats.ts';

const pageSize = 4096n;

/** CRIU keeps the limit in 32 bits. images/rpc.proto, `ghost_limit`. */
const largestGhostLimit = 2 ** 32 - 1;

/**
 * Dumps with CRIU. Our own part of the images is written at `post-dump`: everything of CRIU's is written then, and the tree
 * is stopped; our answer decides whether it ends or runs on. So there the images are committed, too. If we are killed
 * after that and before the answer, CRIU lets the tree run on, and the dump is whole nevertheless.
 */
export async function dumpWithCriu(options: CriuOptions, job: FolderDumpJob): Promise<DumpOutcome> {
  const begun = startOf(job.pid);
  let dumped: Dumped | null = null;
  let tree: readonly number[] = [];
  const step = async ({ script, bridge, failures }: Step): Promise<void> => {
    if (script !== 'post-dump') return;
    job.signal.throwIfAborted();
    // Files that CRIU did not wait for: the tree still stands, and runs on if one was not taken.
    await bridge?.settle();
    if (failures().length > 0) return;
    await job.host?.seal();
    const plugins = job.host?.record(bridge?.claimed() ?? []) ?? [];
    listPlugins(job.images, inventoryNames(plugins), job.directory);
    const read = readDumped(job.images);
    const pipes = job.external.flatMap((key) => externalPipe(key) ?? []);
    const records = { ...recordsOf(read, job.pid, bridge, plugins), pipes: pipes.map(pipeRecord) };
    writeWhole(job.images, recordsName, encodeRecords(records), job.directory);
    tree = pidsBelow(job.pid);
    job.commit();
    dumped = read;
  };
  try {
    return await runCriu(
      withOption(
        options,
        'external',
        job.external.filter((key) => externalPipe(key) === null),
      ),
      job,
      {
        stage: 'dump',
        type: CriuReqType.DUMP,
        doing: `dump ${job.pid}`,
        records: null,
        opts: { pid: job.pid, leaveRunning: job.leaveRunning },
        defaults: {
          ghostLimit: Math.min(job.ghostLimit, largestGhostLimit),
          ...(job.linkRemap && { linkRemap: true }),
          ...(job.fileLocks && { fileLocks: true }),
          ...(job.shellJob && { shellJob: true }),
          ...(job.extUnixSk && { extUnixSk: true }),
          ...tcpDumpOptions(job.tcp),
        },
        dumpOnly: job.leaveRunning || job.dumpOnly,
        step,
      },
      async (outcome) => {
        for (const warning of unrestorableWarnings(outcome.bridge?.unrestorable() ?? [])) job.warn(warning);
        // CRIU kills, and does not wait.
        if (!job.leaveRunning) await awaitEnd(tree);
        if (dumped === null) throw notTold(job.pid);
        return summarise(dumped, outcome);
      },
    );
  } catch (error) {
    // The tree runs on: what CRIU wrote is not a dump. If it does not, the images are all that is left.
    if (startOf(job.pid) === begun) job.takeBack();
    throw error;
  }
}

/** CRIU takes pipes with an end outside of the tree unasked, and so has no name for them. */
function externalPipe(key: string): number | null {
  const inode = /^pipe\[(\d+)\]$/.exec(key)?.[1];
  return inode === undefined ? null : Number(inode);
}

function pipeRecord(pipeId: number): PipeRecord {
  return { kind: 'pipe', pipeId, packets: null, external: true };
}

/** Not to be expected of any CRIU: it asks before it ends the tree. */
function notTold(pid: number): EngineError {
  return new EngineError('CRIU_FAILED', `CRIU reports that ${pid} is dumped, but never announced its step post-dump`, {
    remedy: 'Use a CRIU that announces `post-dump`: 3.0 or newer.',
    pid,
  });
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
