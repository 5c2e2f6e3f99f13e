import type { Stage } from '@criujs/plugin-sdk';
import { HostError, joinErrors } from './errors.ts';
import type { LoadedPlugin } from './loaded.ts';

/** The version of what each plugin wrote into the images, by plugin name. */
export type ImageVersions = Readonly<Record<string, number>>;

/** Where the images do not say: images of CRIU, and dumps that are older than the versions. */
const unknown = 1;

/** The version of a plugin's part of the images: what it writes, or at a restore what was written. */
export function imageVersionAt(stage: Stage, { name, imageVersion }: LoadedPlugin, written: ImageVersions): number {
  if (stage !== 'restore') return imageVersion;
  return Object.hasOwn(written, name) ? (written[name] ?? unknown) : unknown;
}

/**
 * Ensures that no plugin gets a part of the images that only a later release of it can read.
 * @throws HostError PLUGIN_IMAGE_VERSION: one error for all
 */
export function checkImageVersions(stage: Stage, plugins: readonly LoadedPlugin[], written: ImageVersions): void {
  const errors = plugins.flatMap((plugin) => {
    const version = imageVersionAt(stage, plugin, written);
    return version > plugin.imageVersion ? [tooNew(plugin, version)] : [];
  });
  const [first, ...others] = errors;
  if (first !== undefined) throw joinErrors('plugins are too old for these images', [first, ...others]);
}

function tooNew({ name, version, imageVersion, origin }: LoadedPlugin, written: number): HostError {
  const who = version === undefined ? name : `${name} ${version}`;
  const message = `the images have version ${written} of the data of plugin ${name}; the loaded one,  ${who} (${origin}), knows versions up to ${imageVersion}`;
  return new HostError('PLUGIN_IMAGE_VERSION', message, {
    plugin: name,
    remedy: `Update the plugin ${name}: restore with the release that dumped, or a later one.`,
  });
}
