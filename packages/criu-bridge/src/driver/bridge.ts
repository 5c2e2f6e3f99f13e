import { EngineError, type FolderJob, type LogEntry, type Records } from '@criujs/engine-kit';
import type { CriuError } from '@criujs/plugin-sdk';
import type { BridgeServer } from '../server/open-server.ts';

/** How much CRIU may say through the bridge. */
interface BridgeOptions {
  readonly records: Records | null;
  /** Compiled plugins for CRIU itself: absolute paths. */
  readonly nativePlugins: readonly string[];
  /** Also take what no loaded plugin could restore. */
  readonly dumpOnly: boolean;
}

/** Opens the way from CRIU to the plugins of a run; null: there are none, and CRIU is left alone. */
export async function openBridge(job: FolderJob, options: BridgeOptions): Promise<BridgeServer | null> {
  const { host, images, hookDeadlineMs } = job;
  if (host === null) return null;
  const { openServer } = await import('../server/open-server.ts');
  try {
    // `post-dump` looks at what was posted, before the dump counts.
    const onLog = (entry: LogEntry): void => job.log(entry);
    return await openServer({ ...options, host, images, hookDeadlineMs, posted: true, onLog });
  } catch (error) {
    throw engineError(error);
  }
}

/** What the wire and the build of the bridge fail with, in the family of engines. */
function engineError(thrown: unknown): unknown {
  const { name, code, message, remedy, cause } = thrown as CriuError & Error;
  if (name !== 'WireError') return thrown;
  const unwritable = code === 'WIRE_SOCKET' && (cause as { code?: unknown } | undefined)?.code === 'EROFS';
  return new EngineError(unwritable ? 'IMAGES_UNWRITABLE' : 'CRIU_FAILED', message, { remedy, cause: thrown });
}
