import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { WireError } from '../errors.ts';
import { type BuildOptions, compile, planOf } from './build.ts';
import { findCompiler } from './compiler.ts';
import { folderOf, thisPlatform } from './platform.ts';

/** What became of one processor. */
export interface Prebuilt {
  readonly arch: string;
  /** The file; null: it was not built, and `why` says why. */
  readonly path: string | null;
  readonly why?: string;
}

/** Compilers for another processor than ours, by the names that distributions give them. */
const crossCompilers: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu-gcc',
  arm64: 'aarch64-linux-gnu-gcc',
};

/**
 * Builds a native part to be shipped, for each processor that this machine has a compiler for. What is not built is built at
 * first use on the user's machine.
 * @throws WireError NATIVE_BUILD_FAILED
 */
export async function prebuildNative(options: BuildOptions & { readonly prebuilt: string | URL }): Promise<Prebuilt[]> {
  const { source, file, args, prebuilt } = planOf(options);
  const { env = process.env } = options;
  const folder = prebuilt as string;
  rmSync(folder, { recursive: true, force: true });
  const results: Prebuilt[] = [];
  for (const [arch, cross] of Object.entries(crossCompilers)) {
    const platform = { ...thisPlatform(), arch };
    const target = join(folder, folderOf(platform), file);
    try {
      const compiler = arch === process.arch ? findCompiler(env) : findCompiler({ ...env, CC: cross });
      mkdirSync(join(folder, folderOf(platform)), { recursive: true });
      await compile({ compiler, source, args, target, env });
      results.push({ arch, path: target });
    } catch (error) {
      if (!(error instanceof WireError) || !isForLackOfTools(error)) throw error;
      results.push({ arch, path: null, why: error.message });
    }
  }
  return results.filter(({ path }) => path === null || existsSync(path));
}

/** A compiler without the C library's headers is useless, too; any other failure is a mistake in the source. */
function isForLackOfTools({ code, message }: WireError): boolean {
  return code === 'NATIVE_NO_COMPILER' || /\b(errno|stdio|stddef|features)\.h: No such file/.test(message);
}
