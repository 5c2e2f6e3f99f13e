import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../../../core/test/harness/place.ts';
import { publishFolder } from './publish.ts';

/** A restore needs it, and it takes nothing: so it can be used with any program. */
const code = (name: string): string =>
  `const hooks = [{ hook: 'DUMP_DEVICES_LATE', handler() {} }];
   export default { [Symbol.for('@criujs/plugin')]: true, apiVersion: 1, name: '${name}', required: true, hooks };`;

/**
 * Publishes a version of a package with a plugin.
 * @param name begins with `criu-plugin-of-tests-`, which the registry takes
 * @param more fields of its package.json
 */
export async function publishPlugin(
  registry: string,
  place: Place,
  name: string,
  version: string,
  more: object = {},
): Promise<void> {
  const folder = place.fresh('package');
  mkdirSync(folder);
  const plugin = name.replace('criu-plugin-', '');
  const manifest = {
    name,
    version,
    description: 'A plugin that tests are made with',
    type: 'module',
    exports: './index.js',
    keywords: ['criu-plugin'],
    criu: { plugin, apiVersion: 1, hooks: ['DUMP_DEVICES_LATE'] },
    ...more,
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'index.js'), code(plugin));
  await publishFolder(registry, folder, place.fresh('npm'));
}
