import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { locatePlugin, readPackageJson } from '@criujs/plugin-host';

/** The package.json of the package whose plugin is this file; null: the file is not what one loads by the package's name. */
export function packageOfPlugin(file: string): Readonly<Record<string, unknown>> | null {
  for (let at = dirname(file); ; at = dirname(at)) {
    const found = readPackageJson(at);
    // Others only say how to read the modules beside them.
    if (found !== null && typeof found['name'] === 'string') return isLoadedFrom(at, file) ? found : null;
    if (dirname(at) === at) return null;
  }
}

function isLoadedFrom(folder: string, file: string): boolean {
  try {
    return realpathSync(locatePlugin(folder, folder)) === realpathSync(file);
  } catch {
    return false;
  }
}
