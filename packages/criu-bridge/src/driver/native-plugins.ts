import { accessSync, constants, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { EngineError } from '@criujs/engine-kit';

/**
 * The absolute paths of compiled plugins.
 * @throws EngineError BAD_OPTION when one is not there, or two have one name: CRIU takes them from one directory
 */
export function findNativePlugins(plugins: readonly string[], cwd: string): readonly string[] {
  const files = plugins.map((plugin) => checkPlugin(resolve(cwd, plugin)));
  const twice = files.find((file, at) => files.slice(0, at).some((other) => basename(other) === basename(file)));
  if (twice === undefined) return files;
  throw new EngineError('BAD_OPTION', `two compiled plugins are named ${basename(twice)}`, {
    remedy: 'Load only one of them: CRIU loads all from one directory.',
  });
}

function checkPlugin(file: string): string {
  try {
    if (!statSync(file).isFile() || !file.endsWith('.so')) throw new Error('it is not a .so file');
    accessSync(file, constants.R_OK);
    return file;
  } catch (cause) {
    throw new EngineError('BAD_OPTION', `${file} is not a compiled plugin: ${(cause as Error).message}`, {
      remedy: "Give the path of a plugin of CRIU's, such as /usr/lib/criu/cuda_plugin.so (--native-plugin).",
      cause,
    });
  }
}

/** A directory with compiled plugins alone, for a run without plugins in TypeScript. */
export interface NativeDirectory {
  readonly path: string;
  close(): void;
}

export function linkNativePlugins(files: readonly string[]): NativeDirectory {
  const path = mkdtempSync(join(tmpdir(), 'criujs-plugins-'));
  for (const file of files) symlinkSync(file, join(path, basename(file)));
  return { path, close: () => rmSync(path, { recursive: true }) };
}
