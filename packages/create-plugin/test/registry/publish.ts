import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../core/test/harness/machine.ts';
import { npmOutput } from './npm.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
}

/** Every package of the checkout that a release publishes. */
export function publishedManifests(): Manifest[] {
  return readdirSync(join(root, 'packages'))
    .map((folder) => JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as Manifest)
    .filter((manifest) => manifest.private !== true);
}

/**
 * Packs all packages of the checkout and publishes them, as a release does.
 *
 * @param folder where npm may keep what it writes
 */
export function publishAll(registry: string, folder: string): Promise<void> {
  return publish(registry, folder, ['--workspace', 'packages/']);
}

/** Publishes one package, which is in a folder of its own. @param folder where npm may keep what it writes */
export function publishFolder(registry: string, path: string, folder: string): Promise<void> {
  return publish(registry, folder, [path]);
}

async function publish(registry: string, folder: string, what: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const userconfig = join(folder, 'npmrc');
  // The registry lets anybody publish, but npm does not try without a token.
  writeFileSync(userconfig, `//${new URL(registry).host}/:_authToken=nobody\n`);
  await npmOutput(['publish', ...what, '--access', 'public', '--loglevel', 'error'], {
    env: {
      ...process.env,
      npm_config_registry: registry,
      npm_config_userconfig: userconfig,
      npm_config_cache: join(folder, 'npm'),
    },
  });
}
