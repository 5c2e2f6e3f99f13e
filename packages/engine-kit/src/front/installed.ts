import { EngineError } from '../errors/errors.ts';
import type { RunImages } from '../images/run-images.ts';
import { type FindInstalled, remedyOfMissing } from '../records/missing-plugins.ts';
import { missingPlugins, resourcesOf } from '../records/providers.ts';
import { readRecords } from '../records/read-records.ts';
import type { NamedPlugins, RunOptions } from './options.ts';
import type { RunPlugins } from './plugins.ts';

/**
 * The same options with the names of all plugins that are installed, if it is those that are wanted.
 * @throws HostError what is wrong with any of them
 */
export async function namePlugins<O extends RunOptions>(options: O): Promise<NamedPlugins<O>> {
  const { plugins, cwd } = options;
  if (plugins !== 'installed') return { ...options, plugins };
  const { withInstalled } = await import('@criujs/plugin-host');
  return { ...options, plugins: withInstalled([], { cwd }) };
}

/** Tells, in the remedy of PLUGIN_MISSING, which packages of this machine have the plugins that the images need. */
export async function nameInstalled(
  error: EngineError,
  images: Pick<RunImages, 'read'>,
  plugins: Pick<RunPlugins, 'load'> | undefined,
  cwd: string | undefined,
): Promise<EngineError> {
  if (error.code !== 'PLUGIN_MISSING') return error;
  // The error itself says more than that they cannot be read.
  const records = await readRecords(images).catch(() => null);
  if (records === null) return error;
  const loaded = (await plugins?.load())?.plugins ?? [];
  const missing = missingPlugins({ resources: resourcesOf(records), records, listed: [] }, loaded);
  const find = await findInstalled(cwd);
  if (!missing.some(find)) return error;
  const { code, message, pid, resource, plugin, hook, cause } = error;
  return new EngineError(code, message, { remedy: remedyOfMissing(missing, find), pid, resource, plugin, hook, cause });
}

/** By the package that the images name, or the plugin's name in the manifest of one. */
async function findInstalled(cwd: string | undefined): Promise<FindInstalled> {
  const { installedPlugins, placeWords } = await import('@criujs/plugin-host');
  const installed = installedPlugins({ cwd }).filter((it) => it.shadowedBy === null && it.error === undefined);
  return ({ plugin, source }) => {
    const found =
      installed.find((it) => it.package === source?.package) ??
      installed.find(({ criu }) => Object(criu)['plugin'] === plugin.name);
    return found && { ...found, place: placeWords[found.place] };
  };
}
