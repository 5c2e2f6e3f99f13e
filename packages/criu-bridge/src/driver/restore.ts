import { EngineError, type FolderRestoreJob, type RestoreOutcome } from '@criujs/engine-kit';
import { pidsBelow } from '@criujs/engine-kit/targets';
import { CriuReqType } from '@criujs/images';
import { exitOf } from './child.ts';
import { readPids } from './dumped.ts';
import { awaitEnd, awaitFreePids, leftOf } from './free-pids.ts';
import { jobOptions, withJobLists } from './options/job.ts';
import type { CriuOptions } from './options.ts';
import { killRestored, pidsOf } from './restored.ts';
import { runCriu, type Step } from './run.ts';
import { readStats } from './stats.ts';

type Pids = RestoreOutcome['pids'];

/** The step at which everything is made, before RESUME_DEVICES_LATE: what it is answered with still fails the restore. */
const madeStep = 'post-restore';
/** The last step at which the restored tree is stopped; CRIU lets it run whatever we answer. */
const lastStep = 'pre-resume';

/**
 * Restores with CRIU. What a plugin failed with and CRIU ignores (RESTORE_UNIX_SK, RESUME_DEVICES_LATE) is found at the steps
 * after it, and the tree is ended before it runs.
 */
export async function restoreWithCriu(options: CriuOptions, job: FolderRestoreJob): Promise<RestoreOutcome> {
  if (job.newPids) throw noNewPids();
  const before = readPids(job.images);
  const taken = await awaitFreePids(before);
  let root: number | null = null;
  let pids: Pids = [];
  const step = async ({ script, pid, bridge, failures, aborted }: Step): Promise<void> => {
    root = pid ?? root;
    if (script === madeStep && failures().length === 0) await bridge?.settleWork();
    if (script === lastStep && root !== null) pids = pidsOf(root);
    if (script === lastStep && (failures().length > 0 || aborted)) killRestored(pids.map(([, now]) => now));
  };
  try {
    return await runCriu(
      withJobLists('restore', options, job),
      job,
      {
        stage: 'restore',
        type: CriuReqType.RESTORE,
        doing: `restore ${job.images}`,
        records: job.records,
        opts: { rstSibling: !job.detach },
        defaults: jobOptions('restore', job),
        step,
      },
      ({ response, workDirectory }) => {
        const pid = response.restore?.pid ?? 0;
        const outcome = { pid, pids, restoreMs: restoreMsOf(workDirectory) };
        return job.detach ? outcome : { ...outcome, exited: exitOf(pid) };
      },
    );
  } catch (error) {
    // CRIU ends what it has made, unless it was killed itself, or had let it run already.
    const left = [...new Set([...leftOf(before, taken), ...(root === null ? [] : pidsBelow(root))])];
    killRestored(left);
    // Plugins clean up after it: nobody may be left then.
    await awaitEnd(left);
    // As our child, the root is ours to bury.
    const child = root ?? before[0];
    if (!job.detach && child !== undefined && !taken.has(child)) await exitOf(child);
    throw error;
  }
}

function restoreMsOf(directory: string): number {
  // CRIU counts microseconds.
  return (readStats(directory, 'stats-restore')?.restore?.restoreTime ?? 0) / 1000;
}

function noNewPids(): EngineError {
  return new EngineError('BAD_OPTION', 'CRIU gives every process the pid that it had', {
    remedy: 'Leave out --new-pids; if the pids are taken, restore in a new pid namespace, or with the embedded engine.',
  });
}
