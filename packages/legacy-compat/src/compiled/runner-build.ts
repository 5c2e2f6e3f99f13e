import { existsSync } from 'node:fs';
import { type BuildOptions, buildNative } from '@criujs/wire';

/** How the runner is built, and where it may lie already. */
export const runnerBuild: BuildOptions & { readonly prebuilt: URL } = {
  source: new URL('../../native/runner.c', import.meta.url),
  kind: 'program',
  prebuilt: new URL('../../prebuilt/', import.meta.url),
  // Plugins find what they take from their host among the program's own functions.
  flags: ['-rdynamic', '-ldl'],
};

/**
 * The program that loads plugins: shipped with this package, or built when it is first needed.
 * @throws WireError NATIVE_NO_COMPILER, NATIVE_BUILD_FAILED …
 */
export function buildRunner(): Promise<string> {
  // Which platform this is takes Node some time to tell.
  return buildNative(existsSync(runnerBuild.prebuilt) ? runnerBuild : { ...runnerBuild, prebuilt: undefined });
}
