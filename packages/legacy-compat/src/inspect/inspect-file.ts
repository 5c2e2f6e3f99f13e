import { PluginError } from '@criujs/plugin-sdk';
import { otherSources } from './c/other-sources.ts';
import { ownFiles } from './c/own-files.ts';
import { inspectC } from './c/read-c.ts';
import { isElf } from './elf/image.ts';
import { inspectElf } from './elf/read-elf.ts';
import type { CInspection, Inspection } from './inspection.ts';
import { invalid } from './invalid.ts';
import { readPlain } from './read-plain.ts';

/** Bytes. No plugin comes near it; what is read is held in memory. */
const largest = { elf: 256 << 20, text: 8 << 20 };

/** Comments may be in any encoding. */
const decoder = new TextDecoder();

/**
 * Tells what an existing plugin registers, without running it: a text in C, a compiled one, or a module in JavaScript or
 * TypeScript, of either of CRIU's structures or of today. What is beside it is read too: of a text in C the author's own files
 * that it includes, of a module those that it imports.
 * @param path of a file; its content tells what it is, and for texts its name: `.c`, `.h`, `.js`, `.ts` …
 * @throws PluginError PLUGIN_NOT_FOUND: there is no file, or it cannot be read; PLUGIN_INVALID: it is no plugin, is damaged,
 * mixes structures; PLUGIN_UNTOLD: only running the module would tell whether it is one
 */
export async function inspectFile(path: string): Promise<Inspection> {
  const data = readWhole(path);
  if (isElf(data)) return inspectElf(data, path);
  if (data.byteLength > largest.text) throw invalid(path, `it is a text of ${data.byteLength} bytes`, kinds);
  const text = textOf(data, path);
  if (/\.(c|h|cc|cpp|cxx|hpp|inc)$/i.test(path)) return inspectSource(text, path);
  if (!/\.[cm]?[jt]s$/i.test(path)) throw invalid(path, 'its kind is unknown', kinds);
  // Imported late: reading compiled plugins needs no parser.
  const { inspectJavaScript } = await import('./javascript/read-javascript.ts');
  const { moduleFiles } = await import('./javascript/module-files.ts');
  return inspectJavaScript(text, path, moduleFiles(path));
}

/** With what may be part of the plugin beside its source. */
function inspectSource(text: string, path: string): CInspection {
  const files = ownFiles(path);
  const found = inspectC(text, path, files);
  const others = found.structure === 'descriptor' ? otherSources(path, files.paths()) : [];
  if (others.length === 0) return found;
  const notes = others.map((it) => `${it} beside it registers hooks: those of this plugin are not here`);
  return { ...found, complete: false, notes: [...found.notes, ...notes] };
}

const kinds = 'Name a plugin in C (.c), JavaScript (.js) or TypeScript (.ts), or a compiled one (.so).';

function readWhole(path: string): Uint8Array {
  try {
    const found = readPlain(path, largest.elf);
    if (!('kind' in found)) return found;
    throw invalid(path, found.kind === 'strange' ? 'it is not a file' : `it has ${found.bytes} bytes`, kinds);
  } catch (error) {
    if (error instanceof PluginError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be opened (${code})`;
    const remedy =
      code === 'ENOENT' ? 'Check the path; it is relative to the current directory.' : 'Check its mode and owner.';
    throw new PluginError(`no plugin ${path}: ${why}`, { code: 'PLUGIN_NOT_FOUND', remedy, cause: error });
  }
}

function textOf(data: Uint8Array, path: string): string {
  if (data.includes(0)) throw invalid(path, 'it is neither text nor an ELF file', kinds);
  return decoder.decode(data);
}
