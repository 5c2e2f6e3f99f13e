import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as sdk from '@criujs/plugin-sdk';
import { createJiti } from 'jiti';

const code = /\.[cm]?[jt]s$/;
const sdkName = '@criujs/plugin-sdk';
// No cache on disk: jiti would keep it in a shared temporary folder, where others could write what we then run.
const jitiOptions = { fsCache: false, interopDefault: false };

/** The file of code behind a path or a package's name; undefined: there is none, and the host's own loader says so best. */
export function findModule(wanted: string, cwd: string): string | undefined {
  // `chart.js` is a package, `plugin.js` a file: what is there decides.
  const names = code.test(wanted) && !isAbsolute(wanted) ? [`./${wanted}`, wanted] : [wanted];
  return names.map((it) => resolveFrom(cwd, it)).find((it) => it !== undefined && code.test(it) && isFile(it));
}

/** Runs it as the host does: JavaScript by Node, TypeScript through jiti, and with our SDK where the module finds none. */
export async function importModule(path: string): Promise<unknown> {
  if (/\.[cm]?ts$/.test(path)) return translate(path);
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    const { code, message } = Object(error) as { code?: unknown; message?: unknown };
    const lacksSdk = code === 'ERR_MODULE_NOT_FOUND' && String(message).includes(`'${sdkName}'`);
    if (lacksSdk && !findsSdk(path)) return translate(path);
    throw error;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function translate(path: string): Promise<unknown> {
  const options = findsSdk(path) ? jitiOptions : { ...jitiOptions, virtualModules: { [sdkName]: sdk } };
  return createJiti(path, options).import(path);
}

function findsSdk(path: string): boolean {
  return resolveFrom(join(path, '..'), sdkName) !== undefined;
}

function resolveFrom(folder: string, name: string): string | undefined {
  const parentURL = pathToFileURL(join(folder, 'noop.js'));
  const wanted = name.startsWith('file:') ? fileURLToPath(name) : name;
  const url = createJiti(folder, jitiOptions).esmResolve(wanted, {
    parentURL,
    conditions: ['node', 'import'],
    try: true,
  });
  return url?.startsWith('file:') ? fileURLToPath(url) : undefined;
}
