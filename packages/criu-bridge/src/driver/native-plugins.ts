import { accessSync, constants, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { EngineError } from '@criujs/plugin-host/engine';
import type { Bridge } from './bridge.ts';

/** The one directory that CRIU reads plugins from. */
export interface PluginDirectory {
  /** null: CRIU's own default. */
  readonly path: string | null;
  close(): void;
}

/**
 * Puts compiled plugins beside the bridge: CRIU reads one directory only, and takes every `.so` in it.
 * @throws EngineError BAD_OPTION when one is not there
 */
export function linkNativePlugins(
  plugins: readonly string[],
  bridge: Pick<Bridge, 'pluginDirectory'> | null,
  cwd: string,
): PluginDirectory {
  if (plugins.length === 0) return { path: bridge?.pluginDirectory ?? null, close: () => undefined };
  const files = plugins.map((plugin) => checkPlugin(resolve(cwd, plugin)));
  const own = bridge === null ? mkdtempSync(join(tmpdir(), 'criujs-plugins-')) : null;
  const path = own ?? (bridge as Bridge).pluginDirectory;
  const close = (): void => {
    if (own !== null) rmSync(own, { recursive: true });
  };
  try {
    // CRIU reads the directory in no order, and two of the same name would be one.
    files.forEach((file, at) => void symlinkSync(file, join(path, `native-${at}-${basename(file)}`)));
    return { path, close };
  } catch (error) {
    close();
    throw error;
  }
}

function checkPlugin(file: string): string {
  try {
    if (!statSync(file).isFile() || !file.endsWith('.so')) throw new Error('it is no .so file');
    accessSync(file, constants.R_OK);
    return file;
  } catch (cause) {
    throw new EngineError('BAD_OPTION', `${file} is no compiled plugin: ${(cause as Error).message}`, {
      remedy: "Give the path of a plugin of CRIU's, such as /usr/lib/criu/cuda_plugin.so (--native-plugin).",
      cause,
    });
  }
}
