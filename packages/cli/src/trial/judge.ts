import { pluginKeyword } from '@criujs/plugin-host';
import { type ManifestReading, manifestProblemText, readManifest } from '@criujs/plugin-host/manifest';
import type { Inspected } from '../inspect-target.ts';
import type { Fetched } from './fetch-package.ts';
import type { Outcome } from './try-plugin.ts';

/** One line of the report. */
export interface Finding {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly why?: string;
}

const passed = (name: string): Finding => ({ name, status: 'passed' });
const failed = (name: string, why: string): Finding => ({ name, status: 'failed', why });
const skipped = (name: string, why: string): Finding => ({ name, status: 'skipped', why });

/** What can be said of the package before anything of it runs. */
export function judgePackage({ packageJson }: Fetched, inspected: Inspected | Error): readonly Finding[] {
  const { keywords } = packageJson;
  const reading = readManifest(packageJson);
  return [
    Array.isArray(keywords) && keywords.includes(pluginKeyword)
      ? passed('keyword')
      : failed('keyword', `its keywords lack ${pluginKeyword}, by which plugins are found`),
    judgeManifest(reading),
    judgeText(reading, inspected),
  ];
}

function judgeManifest(reading: ManifestReading): Finding {
  if (reading.state === 'valid') return passed('manifest');
  return reading.state === 'absent'
    ? skipped('manifest', 'its package.json has no field criu, which says what it takes')
    : failed('manifest', reading.problems.map(manifestProblemText).join('; '));
}

/** The text of the code, and what the manifest says of it. */
function judgeText(reading: ManifestReading, inspected: Inspected | Error): Finding {
  if (inspected instanceof Error) return failed('code', inspected.message);
  const { plugin, embedded } = inspected;
  if (embedded.loads === false) return failed('code', embedded.why ?? 'no engine of ours loads it');
  if (reading.state !== 'valid') return passed('code');
  if (!plugin.complete)
    return skipped('code', 'its text does not tell all hooks, so that it cannot be compared with the manifest');
  const differs = difference(
    reading.manifest.hooks,
    plugin.hooks.map(({ hook }) => hook),
  );
  return differs === null ? passed('code') : failed('code', `the manifest and the code differ: ${differs}`);
}

/** What is said once it was run: that it is what its manifest says. */
export function judgeLoaded({ packageJson }: Fetched, { loaded, failure }: Outcome): Finding {
  if (loaded === null) return failed('load', failure ?? 'it cannot be loaded');
  const reading = readManifest(packageJson);
  if (reading.state !== 'valid') return passed('load');
  const { plugin, hooks } = reading.manifest;
  if (plugin !== loaded.plugin) return failed('load', `the manifest says ${plugin}, and its name is ${loaded.plugin}`);
  const differs = difference(hooks, loaded.hooks);
  return differs === null ? passed('load') : failed('load', `the manifest and the plugin differ: ${differs}`);
}

function difference(declared: readonly string[], real: readonly string[]): string | null {
  const only = (some: readonly string[], others: readonly string[]): string =>
    some.filter((it) => !others.includes(it)).join(', ');
  const [extra, hidden] = [only(declared, real), only(real, declared)];
  const words = [
    ...(extra === '' ? [] : [`only the manifest has ${extra}`]),
    ...(hidden === '' ? [] : [`only the code has ${hidden}`]),
  ];
  return words.length === 0 ? null : words.join('; ');
}
