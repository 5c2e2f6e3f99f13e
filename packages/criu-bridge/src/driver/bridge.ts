import type { EngineJob, ExternalRecord, Records, SocketRecord } from '@criujs/plugin-host/engine';
import { EngineError } from '@criujs/plugin-host/engine';
import type { CriuError } from '@criujs/plugin-sdk';

/** What carries CRIU's hooks to the plugins, as the driver needs it. */
export interface Bridge {
  /** For CRIU: where its plugins are, and how they find us. */
  readonly environment: Readonly<Record<string, string>>;
  /** The one directory that CRIU reads plugins from. */
  readonly pluginDirectory: string;
  /** What failed, in order; also what CRIU hides. */
  failures(): readonly CriuError[];
  /** At a dump: what plugins took. */
  taken(): { readonly externals: readonly ExternalRecord[]; readonly sockets: readonly SocketRecord[] };
  /** Names of the plugins that took something. */
  readonly claimed: readonly string[];
  close(): Promise<void>;
}

/** Opens the bridge for a run; null: there are no plugins, and CRIU is left alone. */
export async function openBridge(
  job: EngineJob,
  _stage: 'dump' | 'restore',
  _records: Records | null,
): Promise<Bridge | null> {
  if (job.host === null) return null;
  throw new EngineError('UNSUPPORTED', 'CRIU cannot be given plugins yet');
}
