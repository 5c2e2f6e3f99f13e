import { pathToFileURL } from 'node:url';
import * as sdk from '@criujs/plugin-sdk';
import { createJiti, type JitiOptions } from 'jiti';
import { keepMap } from './thrown/translated.ts';

const sdkName = '@criujs/plugin-sdk';

/**
 * Runs the module in a file and gives its exports: JavaScript as Node does it, TypeScript through jiti.
 * A plugin in a folder without an SDK of its own gets this host's: a lone `.ts` file works wherever it lies.
 */
export async function loadModule(path: string): Promise<unknown> {
  if (/\.[cm]?ts$/.test(path)) return translate(path);
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    if (lacksSdk(error) && !findsSdk(path)) return translate(path);
    throw error;
  }
}

function translate(path: string): Promise<unknown> {
  const translator = createJiti(path, { fsCache: false });
  // No cache on disk: jiti would keep it in a shared temporary folder, where others could write what we then run.
  const options: JitiOptions = {
    fsCache: false,
    interopDefault: false,
    sourceMaps: true,
    transform(module) {
      const code = translator.transform(module);
      if (module.filename !== undefined) keepMap(module.filename, code);
      return { code };
    },
  };
  const jiti = createJiti(path, findsSdk(path) ? options : { ...options, virtualModules: { [sdkName]: sdk } });
  return jiti.import(path);
}

function findsSdk(path: string): boolean {
  const parentURL = pathToFileURL(path);
  return (
    createJiti(path, { fsCache: false }).esmResolve(sdkName, {
      parentURL,
      conditions: ['node', 'import'],
      try: true,
    }) !== undefined
  );
}

function lacksSdk(error: unknown): boolean {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' && String(message).includes(`'${sdkName}'`);
}
