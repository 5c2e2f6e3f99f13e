import { copyFileSync, mkdtempSync, opendirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { EngineError } from '@criujs/engine-kit';
import { type BuildOptions, buildNative } from '@criujs/wire';

/** A directory of plugins for one CRIU. */
export interface Library {
  readonly directory: string;
  remove(): void;
}

/** How often another name is tried until the bridge comes first. */
const tries = 64;

/** How the bridge is built, and where it may lie already. */
export const bridgeBuild: BuildOptions & { readonly prebuilt: URL } = {
  source: new URL('../../native/bridge.c', import.meta.url),
  kind: 'library',
  prebuilt: new URL('../../prebuilt/', import.meta.url),
  flags: ['-ldl'],
};

/** Gives the path of the bridge, built for this machine. @throws WireError NATIVE_NO_COMPILER … */
export function buildBridge(): Promise<string> {
  return buildNative(bridgeBuild);
}

/**
 * Makes a directory with the bridge and the user's own compiled plugins. CRIU reads it in the order that the file system has,
 * and the first plugin that answers ends a chain: the bridge must come before all others, since it lets observers pass.
 */
export function makeLibrary(bridge: string, others: readonly string[]): Library {
  const directory = mkdtempSync(join(tmpdir(), 'criujs-plugins-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    for (const path of others) symlinkSync(resolve(path), join(directory, basename(path)));
    // A copy: CRIU need not be allowed into the folder that it was built in.
    const at = (attempt: number): string => `criujs-bridge-${attempt}.so`;
    copyFileSync(bridge, join(directory, at(0)));
    for (let attempt = 0; firstIn(directory) !== at(attempt); attempt++) {
      if (attempt === tries) throw notFirst(directory);
      renameSync(join(directory, at(attempt)), join(directory, at(attempt + 1)));
    }
    return { directory, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** As CRIU reads it, not sorted. */
function firstIn(directory: string): string | undefined {
  const folder = opendirSync(directory);
  try {
    return folder.readSync()?.name;
  } finally {
    folder.closeSync();
  }
}

function notFirst(directory: string): EngineError {
  return new EngineError('CRIU_FAILED', `the file system of ${directory} does not let our plugin come first`, {
    remedy: 'Set TMPDIR to a folder of another file system, or leave out --native-plugin.',
  });
}
