import { readFileSync, writeSync } from 'node:fs';
import type { CheckName, CheckReport } from '@criujs/plugin-testing';
import { type Told, type Trial, toldOn } from './protocol.ts';

// The program of the process in which a plugin is tried. It ends with the last check, whatever the plugin left going on.

/** Why this process must not run a stranger's code; null: it has no rights beyond those of its user. */
function privileges(): string | null {
  const status = readFileSync('/proc/self/status', 'utf8');
  const numbers = (name: string): string[] =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
  if (numbers('Uid').length !== 4 || numbers('Uid').includes('0')) return 'it runs as root';
  return BigInt(`0x${numbers('CapPrm')[0] ?? 'f'}`) === 0n ? null : 'it has capabilities';
}

function tell(told: Told): void {
  writeSync(toldOn, `${JSON.stringify(told)}\n`);
}

/** Checks in which a plugin opens again what it took. */
const restoring: ReadonlySet<CheckName> = new Set(['round-trip', 'double-claim', 'failure', 'exit']);

/** Where a resource is not on this machine, a plugin that has to open it is not to blame. */
function fair(report: CheckReport, lacking: readonly string[]): CheckReport {
  if (report.status !== 'failed' || lacking.length === 0 || !restoring.has(report.name)) return report;
  return { ...report, status: 'skipped', why: `this machine has no ${lacking.join(', ')}: ${report.why}` };
}

async function tryPlugin({ plugin, shown, options, cwd }: Trial): Promise<void> {
  const { existsSync } = await import('node:fs');
  const { createPluginHost } = await import('@criujs/plugin-host');
  const { legacyLoader } = await import('@criujs/legacy-compat');
  const { checkNames, runCheck } = await import('@criujs/plugin-testing');
  const loaders = [legacyLoader()];
  const { plugins } = await createPluginHost({ plugins: [plugin], cwd, loaders });
  const [info] = plugins;
  if (info === undefined) throw new Error('no plugin was loaded');
  tell({ kind: 'loaded', plugin: info.name, version: info.version ?? null, hooks: info.hooks });
  const lacking = (shown?.paths ?? []).filter((it) => !existsSync(it));
  const spec = {
    plugin,
    loaders,
    cwd,
    ...(options === undefined ? {} : { options }),
    ...(shown && { tree: shown.tree }),
  };
  for (const name of checkNames) {
    const report = await runCheck(spec, name).catch((error) => failedBy(name, error));
    tell({ kind: 'checked', report: fair(report, lacking) });
  }
}

function failedBy(name: CheckName, error: unknown): CheckReport {
  return { name, status: 'failed', why: error instanceof Error ? error.message : String(error) };
}

const why = privileges();
if (why !== null) {
  tell({ kind: 'privileged', why });
  process.exit(1);
}
tell({ kind: 'ready' });
try {
  await tryPlugin(JSON.parse(process.argv[2] ?? '') as Trial);
  tell({ kind: 'done' });
  process.exit(0);
} catch (error) {
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}
