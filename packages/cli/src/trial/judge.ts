import { pluginKeyword } from '@criujs/plugin-host';
import {
  type CodeFacts,
  compareManifest,
  type ManifestReading,
  manifestProblemText,
  readManifest,
} from '@criujs/plugin-host/manifest';
import type { PluginManifest } from '@criujs/plugin-sdk';
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
  const { name, hooks, complete } = plugin;
  const differs = differences(reading.manifest, { plugin: name, hooks: hooks.map(({ hook }) => hook), complete });
  if (differs !== null) return failed('code', differs);
  return complete
    ? passed('code')
    : skipped('code', 'its text does not tell all hooks, so that it cannot be compared with the manifest');
}

/** What is said once it was run: that it is what its manifest says. */
export function judgeLoaded({ packageJson }: Fetched, { loaded, failure }: Outcome): Finding {
  if (loaded === null) return failed('load', failure ?? 'it cannot be loaded');
  const reading = readManifest(packageJson);
  if (reading.state !== 'valid') return passed('load');
  const { plugin, hooks } = loaded;
  const differs = differences(reading.manifest, { plugin, hooks, complete: true });
  return differs === null ? passed('load') : failed('load', differs);
}

/** What of a manifest is not as the code is; its versions are the loader's to look at. */
function differences(manifest: PluginManifest, code: Pick<CodeFacts, 'plugin' | 'hooks' | 'complete'>): string | null {
  const found = compareManifest(manifest, { ...code, apiVersion: null, imageVersion: null });
  return found.length === 0 ? null : found.map(({ message }) => message).join('; ');
}
