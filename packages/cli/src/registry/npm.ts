import { PackageError } from './package-error.ts';
import { lastLines, type RunningOptions, runProgram } from './run-program.ts';

/** Who asks waits: a registry that is down is tried twice, not for minutes. */
const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=1000'];

/**
 * Asks the registry through npm, which has the user's registry, proxies and credentials.
 * @returns what it printed as JSON; null: the registry has no such package
 * @throws PackageError REGISTRY_FAILED, INSTALLER_MISSING; EngineError ABORTED
 */
export async function askNpm(
  [command, ...args]: readonly [string, ...string[]],
  options: RunningOptions,
): Promise<unknown> {
  const said = await runProgram(['npm', command, '--json', '--loglevel=error', ...patience, ...args], options);
  const answer = parse(said.stdout);
  const { code, summary } = Object(Object(answer).error) as { code?: unknown; summary?: unknown };
  if (said.code === 0 && code === undefined) return answer ?? null;
  if (code === 'E404' || code === 'ETARGET') return null;
  const why = typeof summary === 'string' && summary !== '' ? summary : lastLines(said);
  throw new PackageError(
    'REGISTRY_FAILED',
    `the registry cannot be asked: ${why}`,
    'Check the network and the registry: npm config get registry, npm ping.',
  );
}

function parse(text: string): unknown {
  try {
    return text.trim() === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
